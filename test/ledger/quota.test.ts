import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEnvironmentSecrets } from '../../lib/config/secret-reader.ts';
import { JobError } from '../../lib/errors.ts';
import { createCallQuota } from '../../lib/ledger/quota.ts';
import {
  countSpareCalls,
  createDynamoQuotaNotes,
  findNewestKey,
  type QuotaDay,
  type QuotaNotes,
  toNextReset,
  toTokenKey,
} from '../../lib/ledger/quota-notes.ts';
import { startEmbeddedLedger } from '../support/embedded-aws.ts';
import { createRecordingTelemetry } from '../support/memory.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const HOUR_MS = 3600_000;
const NOON_MS = Date.UTC(2026, 9, 1, 12);
const MIDNIGHT_MS = Date.UTC(2026, 9, 2);

let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;
beforeAll(async () => {
  ledger = await startEmbeddedLedger();
});
afterAll(() => ledger.stop());

let tokens = 0;

/** A token of its own, and instances that count its calls. */
function aToken({ dailyQuota = 5000, liveShare = 0.7, instances = 2 } = {}) {
  tokens += 1;
  const crispToken = { identifier: `token-${tokens}`, key: 'key' };
  const secrets = createEnvironmentSecrets({ source: 'environment', hookSecrets: [], crispToken });
  const real = createDynamoQuotaNotes({ ...ledger, findKey: () => toTokenKey(secrets) });
  const telemetry = createRecordingTelemetry();
  const clock = createVirtualClock(NOON_MS);
  const scene = {
    clock,
    telemetry,
    isAway: false,
    requests: 0,
    notes: real,
    read: () => real.read(clock.nowMs()) as Promise<QuotaDay>,
    anInstance: () => createCallQuota({ notes, dailyQuota, liveShare, instances, clock, telemetry }),
  };
  const orFail = <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) => {
    return async (...args: Args): Promise<Result> => {
      scene.requests += 1;
      if (scene.isAway) throw new JobError('ledger_failed');
      return call(...args);
    };
  };
  const notes: Pick<QuotaNotes, 'count' | 'read'> = { count: orFail(real.count), read: orFail(real.read) };
  return scene;
}

/** Takes calls until one is refused, `most` at most; how many there were, and the code of the refusal. */
async function takeAll(quota: ReturnType<typeof createCallQuota>, most = Number.POSITIVE_INFINITY) {
  let taken = 0;
  try {
    while (taken < most) {
      await quota.take();
      taken += 1;
    }
  } catch (thrown) {
    return { taken, code: (thrown as JobError).code };
  }
  return { taken, code: undefined };
}

describe('the calls of a day', () => {
  test('are leased in blocks: a fetch of three costs the ledger a request in about seven', async () => {
    const token = aToken();
    await takeAll(token.anInstance(), 301);
    expect(token.requests).toBe(17);
    expect(await token.read()).toMatchObject({ quota: 5000, used: 301, liveShare: 0.7, isLearned: false });
  });

  test('are hardly lost to instances that end after a fetch: the first lease is one of three', async () => {
    const token = aToken();
    for (let instances = 0; instances < 10; instances += 1) await takeAll(token.anInstance(), 3);
    expect((await token.read()).used).toBe(30);
  });

  test('are never exceeded by all instances together, and are all used', async () => {
    const token = aToken({ dailyQuota: 30 });
    const instances = [token.anInstance(), token.anInstance(), token.anInstance()];

    const results = await Promise.all(instances.map((instance) => takeAll(instance)));

    expect(results.map(({ code }) => code)).toEqual(Array(3).fill('quota_exhausted'));
    expect(results.reduce((sum, { taken }) => sum + taken, 0)).toBe(30);
  });

  test('are shared by the fetches of an instance that ask at once', async () => {
    const token = aToken();
    const quota = token.anInstance();
    await Promise.all(Array.from({ length: 20 }, () => quota.take()));
    // Three calls, then six, then twelve.
    expect(token.requests).toBe(3);
  });

  test('asked for in vain are only looked for, so that the count does not run away', async () => {
    const token = aToken({ dailyQuota: 3, instances: 1 });
    const quota = token.anInstance();
    await takeAll(quota);
    const { used } = await token.read();

    for (let again = 0; again < 10; again += 1) await takeAll(quota);

    expect((await token.read()).used).toBe(used);
  });

  test('begin anew at midnight UTC while the hour is not known, and what was leased before is void', async () => {
    const token = aToken({ dailyQuota: 10, instances: 1 });
    const quota = token.anInstance();
    await takeAll(quota);

    await token.clock.advance(MIDNIGHT_MS - token.clock.nowMs());

    expect(await token.read()).toMatchObject({ used: 0, endsMs: MIDNIGHT_MS + 24 * HOUR_MS });
    expect(await takeAll(quota)).toEqual({ taken: 10, code: 'quota_exhausted' });
  });

  test('begin anew once, however many instances find the day over at the same moment', async () => {
    const token = aToken({ dailyQuota: 30 });
    const instances = Array.from({ length: 6 }, () => token.anInstance());
    await Promise.all(instances.map((instance) => takeAll(instance)));

    for (let day = 1; day <= 5; day += 1) {
      await token.clock.advance(24 * HOUR_MS);
      const results = await Promise.all(instances.map((instance) => takeAll(instance)));
      expect(results.reduce((sum, { taken }) => sum + taken, 0)).toBe(30);
    }
  });

  test('begin anew at once where the probe has learned the hour', async () => {
    const token = aToken({ dailyQuota: 10, instances: 1 });
    const quota = token.anInstance();
    await takeAll(quota);

    await token.notes.noteReset(12 * 60, token.clock.nowMs());

    const endsMs = NOON_MS + 24 * HOUR_MS;
    expect(await token.read()).toMatchObject({ used: 0, endsMs, resetMinute: 720, isLearned: true });
    expect((await takeAll(quota)).taken).toBe(10);
    await token.clock.advance(25 * HOUR_MS);
    expect((await takeAll(quota)).taken).toBe(10);
    expect((await token.read()).endsMs).toBe(NOON_MS + 48 * HOUR_MS);
  });

  test('go on uncounted while the ledger is away, and are counted when it is back', async () => {
    const token = aToken({ dailyQuota: 200, instances: 1 });
    const quota = token.anInstance();
    token.isAway = true;

    expect(await takeAll(quota, 101)).toEqual({ taken: 101, code: undefined });
    token.isAway = false;

    await takeAll(quota, 1);
    expect((await token.read()).used).toBe(121);
    expect(token.telemetry.named('ledger-unavailable').length).toBe(7);
  });

  test('are counted without a limit where there is no budget', async () => {
    const token = aToken({ dailyQuota: 0 });
    expect((await takeAll(token.anInstance(), 101)).taken).toBe(101);
    expect(await token.read()).toMatchObject({ quota: 0, used: 101 });
  });

  test('tell once a day that four in five are used', async () => {
    const token = aToken({ dailyQuota: 100 });
    const [one, other] = [token.anInstance(), token.anInstance()];
    await Promise.all([takeAll(one), takeAll(other)]);
    expect(token.telemetry.named('quota-low')).toHaveLength(1);
  });

  test('and what was saved is written with the next lease alone', async () => {
    const token = aToken();
    const quota = token.anInstance();
    quota.noteSaved('covered', 2);
    quota.noteSaved('cached', 1);
    quota.noteSaved('covered', 1);
    expect(token.requests).toBe(0);

    await takeAll(quota, 1);

    expect((await token.read()).saved).toEqual({ coalesced: 0, covered: 3, superseded: 0, cached: 1 });
    expect(token.requests).toBe(1);
  });

  test('taken and not made are given back, to the instance that took them', async () => {
    const quota = aToken({ dailyQuota: 10, instances: 1 }).anInstance();
    await takeAll(quota, 9);
    for (let back = 0; back < 4; back += 1) quota.giveBack();
    expect((await takeAll(quota)).taken).toBe(5);
  });

  test('stand under a hash of the identifier, never under it or the key', async () => {
    const token = aToken();
    await takeAll(token.anInstance(), 1);
    const newest = createDynamoQuotaNotes({ ...ledger, findKey: () => findNewestKey(ledger) });

    expect(await newest.read(token.clock.nowMs())).toBeDefined();
    expect(JSON.stringify(await token.read())).not.toContain('token-');
  });
});

describe('spare calls', () => {
  const DAY: QuotaDay = {
    quota: 1000,
    liveShare: 0.7,
    used: 0,
    planned: 0,
    saved: { coalesced: 0, covered: 0, superseded: 0, cached: 0 },
    endsMs: MIDNIGHT_MS,
    resetMinute: 0,
    isLearned: true,
    refusedSinceMs: undefined,
  };

  test.each([
    ['in the morning the share that live events do not keep', {}, 24, 300],
    ['less what was used already', { used: 100 }, 24, 200],
    ['less what was planned and presumably not called yet', { used: 100, planned: 150 }, 24, 50],
    ['at noon what live events have left of their share, too', { used: 350 }, 12, 300],
    ['in the evening nearly all that is left', { used: 600 }, 1, 370],
    ['none where live events use more than their share', { used: 700 }, 12, 0],
    ['none at the end', { used: 1000 }, 0, 0],
    ['no limit without a budget', { quota: 0 }, 12, Number.POSITIVE_INFINITY],
    ['none for others where live events keep all', { liveShare: 1 }, 24, 0],
  ] as const)('%s', (_title, changed, hoursLeft, expected) => {
    expect(countSpareCalls({ ...DAY, ...changed }, MIDNIGHT_MS - hoursLeft * HOUR_MS)).toBe(expected);
  });

  test('never take from live events what they keep for the rest of the day', () => {
    fc.assert(
      fc.property(
        fc.record({
          quota: fc.integer({ min: 1, max: 100_000 }),
          liveShare: fc.double({ min: 0, max: 1, noNaN: true }),
          used: fc.nat(100_000),
          planned: fc.nat(100_000),
        }),
        fc.integer({ min: 0, max: 24 * HOUR_MS }),
        (changed, leftMs) => {
          const day = { ...DAY, ...changed };
          const spare = countSpareCalls(day, MIDNIGHT_MS - leftMs);
          const kept = (day.quota * day.liveShare * leftMs) / (24 * HOUR_MS);
          expect(spare).toBeGreaterThanOrEqual(0);
          if (spare > 0) expect(day.used + day.planned + spare + kept).toBeLessThanOrEqual(day.quota + 1e-6);
        },
      ),
    );
  });

  test('a producer with 10,000 sessions before it, a fetch a second, leaves live events their calls and their pace', () => {
    const [quota, callsOfAFetch, callsASecond] = [5000, 3, 6];
    let day: QuotaDay = { ...DAY, quota };
    let [toDo, lastPlannedMs, longestWait, refused, planned] = [10_000, 0, 0, 0, 0];
    const queue: { readonly isLive: boolean; readonly atMs: number }[] = [];

    for (let nowMs = MIDNIGHT_MS - 24 * HOUR_MS; nowMs < MIDNIGHT_MS; nowMs += 1000) {
      // Live events take seven tenths of the day's calls, evenly.
      if ((nowMs / 1000) % 75 === 0) queue.push({ isLive: true, atMs: nowMs });
      if (nowMs - lastPlannedMs >= 15 * 60_000) day = { ...day, planned: 0 };
      if (toDo > 0 && countSpareCalls(day, nowMs) >= callsOfAFetch) {
        day = { ...day, planned: day.planned + callsOfAFetch };
        [toDo, lastPlannedMs, planned] = [toDo - 1, nowMs, planned + 1];
        queue.push({ isLive: false, atMs: nowMs });
      }
      for (const { isLive, atMs } of queue.splice(0, callsASecond / callsOfAFetch)) {
        if (day.used + callsOfAFetch > quota) refused += 1;
        else day = { ...day, used: day.used + callsOfAFetch };
        if (isLive) longestWait = Math.max(longestWait, nowMs - atMs);
      }
    }

    expect(refused).toBe(0);
    expect(longestWait).toBeLessThanOrEqual(1000);
    // Nearly all that live events left of the day was used.
    expect(planned * callsOfAFetch).toBeGreaterThan(quota * 0.28);
  });

  test('are planned once, whoever asks at the same moment, and are free again a quarter of an hour later', async () => {
    const token = aToken({ dailyQuota: 1000, liveShare: 0.5 });
    await takeAll(token.anInstance(), 20);
    const nowMs = token.clock.nowMs();
    const spare = countSpareCalls(await token.read(), nowMs);

    const granted = await Promise.all([400, 400, 400].map((calls) => token.notes.plan(calls, nowMs)));

    expect(granted.reduce((sum, each) => sum + each, 0)).toBe(spare);
    expect(await token.notes.plan(1, nowMs + 1000)).toBe(0);
    expect(await token.notes.plan(1, nowMs + 16 * 60_000)).toBe(1);
  });

  test('that somebody plans all the time do not add up to more than a quarter of an hour of them', async () => {
    const token = aToken({ dailyQuota: 1000, liveShare: 0 });
    await takeAll(token.anInstance(), 20);
    for (let minutes = 0; minutes < 120; minutes += 1) {
      expect(await token.notes.plan(3, token.clock.nowMs())).toBe(3);
      await token.clock.advance(60_000);
    }
    expect((await token.read()).planned).toBeLessThanOrEqual(15 * 3);
    expect((await token.read()).planned).toBeGreaterThanOrEqual(7 * 3);
  });

  test('are all granted where nothing was ever counted', async () => {
    expect(await aToken().notes.plan(10_000, NOON_MS)).toBe(10_000);
  });
});

test('a day ends at the next full turn of the clock to its minute', () => {
  const minute = 7 * 60 + 30;
  expect(toNextReset(minute, Date.UTC(2026, 9, 1, 7, 29))).toBe(Date.UTC(2026, 9, 1, 7, 30));
  expect(toNextReset(minute, Date.UTC(2026, 9, 1, 7, 30))).toBe(Date.UTC(2026, 9, 2, 7, 30));
  expect(toNextReset(0, MIDNIGHT_MS - 1)).toBe(MIDNIGHT_MS);
});

test('a token that cannot be read is a failure of the ledger, and no defect', async () => {
  const secrets = { crispToken: () => Promise.reject(new Error('away')) };
  const expected = { code: 'ledger_failed', detail: 'token_unreadable' };
  await expect(toTokenKey(secrets)).rejects.toMatchObject(expected);
});
