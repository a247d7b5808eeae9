import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTokenBucket } from '../../../lib/local/simulator/limits.ts';
import { startSimulator } from './support/start-simulator.ts';

const DAY_MS = 86_400_000;

test('after the burst a request is refused until the bucket has refilled', async () => {
  const { get, clock } = await startSimulator({ limits: { requestsPerSecond: 2, burst: 3 } });
  const statuses: number[] = [];
  for (let request = 0; request < 4; request += 1) statuses.push((await get('conversations/1')).status);

  await clock.advance(499);
  const early = await get('conversations/1');
  await clock.advance(1);
  const late = await get('conversations/1');

  expect(statuses).toEqual([200, 200, 200, 429]);
  expect(early).toMatchObject({ status: 429, reason: 'rate_limited' });
  expect(late.status).toBe(200);
});

test.each([429, 420, 422])('a refused request can answer %i', async (status) => {
  const { get } = await startSimulator({
    limits: { requestsPerSecond: 1, burst: 1 },
    switches: { rateLimitStatus: status },
  });
  await get('conversations/1');

  expect(await get('conversations/1')).toMatchObject({ status });
});

test('Retry-After is absent, in seconds or a date, and then says when a request passes again', async () => {
  const { get, clock, simulator } = await startSimulator({ limits: { requestsPerSecond: 0.25, burst: 1 } });
  await get('conversations/1');

  const none = await get('conversations/1');
  simulator.setSwitch('retryAfter', 'seconds');
  const seconds = await get('conversations/1');
  simulator.setSwitch('retryAfter', 'date');
  const date = await get('conversations/1');

  expect(none.headers.get('Retry-After')).toBeNull();
  expect(seconds.headers.get('Retry-After')).toBe('4');
  expect(Date.parse(date.headers.get('Retry-After') ?? '')).toBe(clock.nowMs() + 4000);
  await clock.advance(4000);
  expect(await get('conversations/1')).toMatchObject({ status: 200 });
});

test('in no span of time does the bucket let more through than burst + rate × span, and its waits are exact', () => {
  const gapsMs = fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 60 });

  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 20 }),
      gapsMs,
      (rate, burst, gaps) => {
        const bucket = createTokenBucket({ requestsPerSecond: rate, burst });
        let nowMs = 0;
        const passes: number[] = [];
        for (const gap of gaps) {
          nowMs += gap;
          const waitMs = bucket.take(nowMs);
          if (waitMs > 0) {
            if (waitMs > 1) expect(bucket.take(nowMs + waitMs - 1)).toBe(1);
            nowMs += waitMs;
            expect(bucket.take(nowMs)).toBe(0);
          }
          passes.push(nowMs);
        }
        for (const [first, fromMs] of passes.entries()) {
          for (const [last, toMs] of passes.entries()) {
            if (last < first) continue;
            expect(last - first + 1).toBeLessThanOrEqual(burst + (rate * (toMs - fromMs)) / 1000 + 1e-6);
          }
        }
      },
    ),
  );
});

test('the daily quota ends with its last request and starts anew at the reset hour', async () => {
  const { get, clock, simulator } = await startSimulator({
    limits: { dailyQuota: 2 },
    switches: { quotaResetHourUtc: 7, retryAfter: 'seconds' },
  });
  const { resetsAtMs } = simulator.limits.quota.state(clock.nowMs());

  const statuses = [(await get('conversations/1')).status, (await get('conversations/1')).status];
  const spent = await get('conversations/1');
  await clock.advance(resetsAtMs - clock.nowMs() - 1);
  const lastMoment = await get('conversations/1');
  await clock.advance(1);
  const nextDay = await get('conversations/1');

  expect(new Date(resetsAtMs).getUTCHours()).toBe(7);
  expect(statuses).toEqual([200, 200]);
  expect(spent).toMatchObject({ status: 429, reason: 'quota_limit_exceeded' });
  expect(lastMoment.status).toBe(429);
  expect(lastMoment.headers.get('Retry-After')).toBe('1');
  expect(nextDay.status).toBe(200);
  expect(simulator.limits.quota.state(clock.nowMs())).toMatchObject({
    used: 1,
    resetsAtMs: resetsAtMs + DAY_MS,
  });
});

test('refused requests spend quota only where they are counted', async () => {
  for (const [position, used] of [
    ['free', 1],
    ['counted', 3],
  ] as const) {
    const { get, clock, simulator } = await startSimulator({
      limits: { requestsPerSecond: 1, burst: 1, dailyQuota: 10 },
      switches: { refusedRequests: position },
    });
    for (let request = 0; request < 3; request += 1) await get('conversations/1');

    expect(simulator.limits.quota.state(clock.nowMs()).used).toBe(used);
  }
});

test('an answer from the cache spends quota only where it is counted', async () => {
  for (const [position, used] of [
    ['counted', 2],
    ['free', 1],
  ] as const) {
    const { get, clock, simulator } = await startSimulator({
      switches: { cachedReads: position, cacheStaleMs: 3000 },
    });
    for (let request = 0; request < 2; request += 1) await get('conversations/1');

    expect(simulator.limits.quota.state(clock.nowMs()).used).toBe(used);
  }
});

test('a cached answer is repeated, however stale, until its time is over', async () => {
  const { get, clock, simulator } = await startSimulator({ switches: { cacheStaleMs: 3000 } });
  const session = simulator.startConversation();
  const path = `conversation/${session.sessionId}/messages`;
  const miss = await get(path);

  simulator.sendMessage(session);
  await clock.advance(2999);
  const hit = await get(path);
  await clock.advance(1);
  const fresh = await get(path);

  expect([miss, hit, fresh].map(({ headers }) => headers.get('Bloom-Status'))).toEqual([
    'MISS',
    'HIT',
    'MISS',
  ]);
  expect([miss, hit, fresh].map(({ data }) => (data as unknown[]).length)).toEqual([0, 0, 1]);
});

test('without a cache every answer is direct and fresh', async () => {
  const { get, simulator } = await startSimulator();
  const session = simulator.startConversation();
  await get(`conversation/${session.sessionId}/messages`);

  simulator.sendMessage(session);

  const answer = await get(`conversation/${session.sessionId}/messages`);
  expect(answer.headers.get('Bloom-Status')).toBe('DIRECT');
  expect(answer.data).toHaveLength(1);
});

test('an answer takes as long as its latency', async () => {
  const { get, clock } = await startSimulator({ latency: { minMs: 50, maxMs: 50 } });
  let isAnswered = false;

  const answer = get('conversations/1').then(() => {
    isAnswered = true;
  });
  while (clock.sleepers === 0) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(49);
  expect(clock.sleepers).toBe(1);
  expect(isAnswered).toBe(false);
  await clock.advance(1);
  await answer;
});
