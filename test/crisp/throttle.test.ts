import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../lib/clock.ts';
import {
  createThrottle,
  createTokenBucket,
  lowerRate,
  type Throttle,
  takeToken,
  toThrottleShare,
} from '../../lib/crisp/throttle.ts';
import { createRandom } from '../../lib/local/simulator/random.ts';
import { createVirtualClock, untilSettled } from '../support/virtual-clock.ts';

describe('throttle', () => {
  const START_MS = 1_790_856_000_000;

  function aThrottle({ ratePerSecond = 10, burst = 2 } = {}) {
    const clock = createVirtualClock(START_MS);
    const throttle = createThrottle({ ratePerSecond, burst, clock });
    const granted: [name: string, atMs: number][] = [];
    const take = (name: string, signal?: AbortSignal) =>
      throttle.take(signal).then(() => void granted.push([name, clock.nowMs() - START_MS]));
    return { clock, throttle, granted, take };
  }

  test('requests start in the order in which they asked, the burst at once and the rest at the rate', async () => {
    const { clock, granted, take } = aThrottle();

    for (const name of ['a', 'b', 'c', 'd']) void take(name);
    await clock.advance(1_000);

    const expected = [
      ['a', 0],
      ['b', 0],
      ['c', 100],
      ['d', 200],
    ];
    expect(granted).toEqual(expected);
  });

  test('one who asks while a token is free does not overtake those who wait', async () => {
    const { clock, granted, take } = aThrottle({ burst: 1 });
    for (const name of ['a', 'b', 'c']) void take(name);
    await clock.advance(100);

    void take('late');
    await clock.advance(1_000);

    expect(granted.map(([name]) => name)).toEqual(['a', 'b', 'c', 'late']);
  });

  test('one who gives up is let go at once and delays nobody', async () => {
    const { clock, granted, take } = aThrottle({ burst: 1 });
    const stop = new AbortController();
    void take('a');
    const refused = take('b', stop.signal).catch((reason: unknown) => reason);
    void take('c');

    stop.abort('enough');
    const reason = await refused;
    await clock.advance(1_000);

    expect(reason).toBe('enough');
    const expected = [
      ['a', 0],
      ['c', 100],
    ];
    expect(granted).toEqual(expected);
  });

  test('one who had given up before costs no token', async () => {
    const { clock, granted, take } = aThrottle({ burst: 1 });

    const refused = take('a', AbortSignal.abort('enough')).catch((reason: unknown) => reason);
    void take('b');
    await clock.advance(0);

    expect(await refused).toBe('enough');
    expect(granted).toEqual([['b', 0]]);
  });

  test('after a refusal requests start at half the rate, also those that wait already', async () => {
    const { clock, granted, take, throttle } = aThrottle({ burst: 1 });
    for (const name of ['a', 'b', 'c']) void take(name);

    throttle.noteRefusal();
    await clock.advance(1_000);

    expect(throttle.ratePerSecond).toBeLessThan(6);
    const [, second, third] = granted.map(([, atMs]) => atMs);
    expect(second).toBeGreaterThanOrEqual(190);
    expect(third).toBeGreaterThanOrEqual(380);
  });

  test('a clock that fails fails those who wait, and the next one is served again', async () => {
    let isBroken = true;
    const clock = createVirtualClock(START_MS);
    const broken: Clock = {
      nowMs: clock.nowMs,
      sleep: (delayMs) => (isBroken ? Promise.reject(new Error('no clock')) : clock.sleep(delayMs)),
      timer: clock.timer,
    };
    const throttle = createThrottle({ ratePerSecond: 10, burst: 1, clock: broken });
    await throttle.take();

    await expect(throttle.take()).rejects.toThrow('no clock');
    isBroken = false;
    const served = throttle.take();
    await clock.advance(100);

    await expect(served).resolves.toBeUndefined();
  });

  test('for any arrivals, everyone is served in order, and no window holds more than burst + rate × (length + 10 ms)', async () => {
    const options = fc.record({
      ratePerSecond: fc.double({ min: 1, max: 40, noNaN: true }),
      burst: fc.integer({ min: 1, max: 4 }),
    });
    const arrival = fc.record({ pauseMs: fc.nat(300), isRefused: fc.boolean() });

    await fc.assert(
      fc.asyncProperty(
        options,
        fc.array(arrival, { minLength: 1, maxLength: 25 }),
        async (limits, arrivals) => {
          const { clock, granted, take, throttle } = aThrottle(limits);
          for (const [index, { pauseMs, isRefused }] of arrivals.entries()) {
            await clock.advance(pauseMs);
            void take(String(index));
            if (isRefused) throttle.noteRefusal();
          }
          await clock.advance(600_000);

          expect(granted.map(([name]) => name)).toEqual(arrivals.map((_, index) => String(index)));
          const times = granted.map(([, atMs]) => atMs);
          for (const [first, from] of times.entries()) {
            for (const [offset, to] of times.slice(first).entries()) {
              expect(offset + 1).toBeLessThanOrEqual(
                limits.burst + (limits.ratePerSecond * (to - from + 10)) / 1000 + 1e-6,
              );
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  describe('before a server that counts, in virtual time', () => {
    test.each([
      { instances: 1, serverBurst: 20 },
      { instances: 1, serverBurst: 4 },
      { instances: 4, serverBurst: 20 },
      { instances: 4, serverBurst: 4 },
    ])(
      '$instances instance(s) that start at once, server burst $serverBurst: within 3 % of the ideal time, none refused',
      async ({ instances, serverBurst }) => {
        for (let seed = 1; seed <= 40; seed += 1) {
          const server = { rate: 20, burst: serverBurst };
          const { ratio, refused } = await play({ configured: 20, server, instances, requests: 200, seed });

          expect(refused).toBe(0);
          // A burst of four is over at once: the others are what takes time.
          expect((ratio * 200) / 196).toBeLessThanOrEqual(1.03);
        }
      },
    );

    test.each([
      { instances: 1, slower: 1.25, refusedShare: 0.03 },
      { instances: 4, slower: 1.5, refusedShare: 0.05 },
    ])(
      'with twice the allowed rate $instances instance(s) need at most $slower times the ideal time, and few are refused, in nine of ten runs',
      async ({ instances, slower, refusedShare }) => {
        const server = { rate: 20, burst: 4 };
        let kept = 0;
        for (let seed = 1; seed <= 40; seed += 1) {
          const { ratio, refused } = await play({ configured: 40, server, instances, requests: 200, seed });
          if (ratio <= slower && refused / 200 <= refusedShare) kept += 1;
        }

        expect(kept).toBeGreaterThanOrEqual(36);
      },
    );

    test.each([10, 200, 1000])('%d a second lose nothing to whole milliseconds', async (rate) => {
      const server = { rate, burst: Number.MAX_SAFE_INTEGER };

      const { ratio } = await play({ configured: rate, server, instances: 2, requests: rate * 10, seed: 1 });

      // Of the share, which is a hundredth below the rate.
      expect(1 / ratio).toBeGreaterThanOrEqual(0.98 * 0.99);
    });

    test('with all callers busy for a minute, no more arrive than the rate and the stated burst allow', async () => {
      const server = { rate: 50, burst: Number.MAX_SAFE_INTEGER };

      const { arrivedMs } = await play({ configured: 50, server, instances: 2, requests: 3200, seed: 1 });

      const inMinute = arrivedMs.filter((atMs) => atMs < 60_000).length;
      expect(inMinute).toBeLessThanOrEqual(50 * 60 + 2 + 50 * 0.01);
      expect(inMinute).toBeGreaterThanOrEqual(50 * 60 * 0.98);
    });

    interface Play {
      readonly configured: number;
      readonly server: { readonly rate: number; readonly burst: number };
      readonly instances: number;
      readonly requests: number;
      readonly seed: number;
    }

    /** All that the instances have to do is there at once; answers take 50 ms, what was refused is asked again. */
    async function play({ configured, server: { rate, burst }, instances, requests, seed }: Play) {
      const clock = createVirtualClock(START_MS, { settle: () => new Promise(process.nextTick) });
      const random = createRandom(seed).next;
      let bucket = createTokenBucket({ ratePerSecond: rate, burst, nowMs: START_MS });
      const arrivedMs: number[] = [];
      let refused = 0;

      async function ask(throttle: Throttle): Promise<void> {
        await throttle.take();
        // Requests that start together arrive up to 10 ms apart.
        await clock.sleep(Math.floor(random() * 11));
        const taken = takeToken(bucket, clock.nowMs());
        bucket = taken.bucket;
        if (taken.waitMs === 0) arrivedMs.push(clock.nowMs() - START_MS);
        else refused += 1;
        await clock.sleep(50);
        if (taken.waitMs === 0) return;
        throttle.noteRefusal();
        await ask(throttle);
      }

      const share = toThrottleShare({ requestsPerSecond: configured, instances });
      const throttles = Array.from({ length: instances }, () => createThrottle({ ...share, clock, random }));
      const perInstance = requests / instances;
      const callers = Math.ceil((configured / instances) * 0.1) + 4;
      const work = throttles.flatMap((throttle) => {
        let left = perInstance;
        return Array.from({ length: callers }, async () => {
          for (; left > 0; await ask(throttle)) left -= 1;
        });
      });
      await untilSettled(clock, Promise.all(work));
      return { arrivedMs, refused, ratio: Math.max(...arrivedMs) / ((requests / rate) * 1000) };
    }
  });
});

test.each([1, 2, 4, 100])(
  'the shares of %d instances together stay just below the configured rate',
  (instances) => {
    const { ratePerSecond, burst } = toThrottleShare({ requestsPerSecond: 10, instances });
    expect(ratePerSecond * instances).toBeLessThan(10);
    expect(ratePerSecond * instances).toBeGreaterThan(9.8);
    expect(burst).toBeGreaterThanOrEqual(1);
  },
);

describe('token bucket', () => {
  const aBucket = () => createTokenBucket({ ratePerSecond: 10, burst: 2, nowMs: 0 });

  /** After its burst of two was taken. */
  const anEmptyBucket = () => takeToken(takeToken(aBucket(), 0).bucket, 0).bucket;

  test('after a pause there is the burst again, however long the pause', () => {
    let bucket = anEmptyBucket();
    const waits: number[] = [];
    for (let taken = 0; taken < 3; taken += 1) {
      const next = takeToken(bucket, 3_600_000);
      waits.push(next.waitMs);
      bucket = next.bucket;
    }

    // Less what ten milliseconds give.
    expect(waits).toEqual([0, 0, 90]);
  });

  test('a refusal halves the rate and takes the burst away', () => {
    const lowered = lowerRate(aBucket(), 0);
    expect(lowered.rate).toBe(5);
    expect(takeToken(lowered, 0).waitMs).toBe(200);
  });

  test('a pause after a refusal is kept at the lower rate', () => {
    expect(takeToken(lowerRate(aBucket(), 0, 1000), 0).waitMs).toBe(1200);
  });

  test('refusals of requests that were in flight together count once', () => {
    expect(lowerRate(lowerRate(aBucket(), 0), 900).rate).toBeGreaterThanOrEqual(5);
  });

  test('however often it is refused, a part of the rate remains', () => {
    let bucket = aBucket();
    for (let nowMs = 0; nowMs < 20_000; nowMs += 1_000) bucket = lowerRate(bucket, nowMs);
    expect(bucket.rate).toBeGreaterThanOrEqual(10 / 32);
    expect(bucket.rate).toBeLessThan(2);
  });

  test('the rate is back after 9 s of requests, and not before', () => {
    const lowered = lowerRate(aBucket(), 0);

    let bucket = lowered;
    for (let nowMs = 1000; nowMs <= 8_000; nowMs += 1000) bucket = takeToken(bucket, nowMs).bucket;
    expect(bucket.rate).toBeLessThan(10);
    expect(takeToken(bucket, 9_000).bucket.rate).toBeCloseTo(10);
    // A pause alone shows nothing.
    expect(takeToken(lowered, 60_000).bucket.rate).toBeCloseTo(lowered.rate + 10 / 18);
  });

  test('a clock that is set back neither gives tokens nor blocks', () => {
    expect(takeToken(anEmptyBucket(), -3_600_000).waitMs).toBe(100);
  });
});
