import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createThrottle, type Throttle } from '../../../lib/adapters/crisp/throttle.ts';
import { toThrottleShare } from '../../../lib/core/crisp/throttle-share.ts';
import { createTokenBucket, takeToken } from '../../../lib/core/crisp/token-bucket.ts';
import type { Clock } from '../../../lib/ports/clock.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

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

  expect(granted).toEqual([
    ['a', 0],
    ['b', 0],
    ['c', 100],
    ['d', 200],
  ]);
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
  expect(granted).toEqual([
    ['a', 0],
    ['c', 100],
  ]);
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
  };
  const throttle = createThrottle({ ratePerSecond: 10, burst: 1, clock: broken });
  await throttle.take();

  await expect(throttle.take()).rejects.toThrow('no clock');
  isBroken = false;
  const served = throttle.take();
  await clock.advance(100);

  await expect(served).resolves.toBeUndefined();
});

test('for any arrivals, everyone is served in order, and no window holds more than burst + rate × length', async () => {
  const options = fc.record({
    ratePerSecond: fc.integer({ min: 1, max: 40 }),
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
              limits.burst + (limits.ratePerSecond * (to - from)) / 1000 + 1e-6,
            );
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

describe('200 requests at 20 a second, in virtual time', () => {
  const RATE = 20;
  const REQUESTS = 200;

  test.each([
    { instances: 1, serverBurst: 20 },
    { instances: 1, serverBurst: 4 },
    { instances: 4, serverBurst: 20 },
    { instances: 4, serverBurst: 4 },
  ])(
    '$instances instance(s), server burst $serverBurst: within 2 % of the ideal time, none refused',
    async (setup) => {
      const clock = createVirtualClock(START_MS);
      const share = toThrottleShare(RATE, setup.instances);
      const throttles = Array.from({ length: setup.instances }, () => createThrottle({ ...share, clock }));
      const server = aServer(clock, setup.serverBurst);

      const work = throttles.flatMap((throttle, index) =>
        Array.from({ length: REQUESTS / setup.instances }, (_, nth) => call(throttle, index + nth)),
      );
      await clock.advance(60_000);
      await Promise.all(work);

      const ideal = (REQUESTS / RATE) * 1_000;
      expect(server.refused).toBe(0);
      expect(server.lastMs / ideal).toBeLessThanOrEqual(1.02);

      // Requests that start together arrive up to 10 ms apart.
      async function call(throttle: Throttle, jitter: number): Promise<void> {
        await throttle.take();
        await clock.sleep((jitter * 7) % 11);
        server.receive();
      }
    },
  );

  function aServer(clock: Clock, burst: number) {
    let bucket = createTokenBucket({ ratePerSecond: RATE, burst, nowMs: clock.nowMs() });
    const server = {
      refused: 0,
      lastMs: 0,
      receive() {
        const taken = takeToken(bucket, clock.nowMs());
        bucket = taken.bucket;
        if (taken.waitMs > 0) server.refused += 1;
        server.lastMs = clock.nowMs() - START_MS;
      },
    };
    return server;
  }
});
