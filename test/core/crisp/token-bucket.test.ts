import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createTokenBucket,
  lowerRate,
  type TokenBucket,
  takeToken,
} from '../../../lib/core/crisp/token-bucket.ts';

const aBucket = (options: { ratePerSecond?: number; burst?: number } = {}) =>
  createTokenBucket({ ratePerSecond: 10, burst: 2, nowMs: 0, ...options });

/** Takes a token and returns when it was there, ms. */
function takeAt(bucket: TokenBucket, nowMs: number): { bucket: TokenBucket; grantedMs: number } {
  const taken = takeToken(bucket, nowMs);
  if (taken.waitMs === 0) return { bucket: taken.bucket, grantedMs: nowMs };
  return takeAt(taken.bucket, nowMs + taken.waitMs);
}

function grants(bucket: TokenBucket, count: number): number[] {
  const times: number[] = [];
  let state = bucket;
  let nowMs = 0;
  for (let taken = 0; taken < count; taken += 1) {
    ({ bucket: state, grantedMs: nowMs } = takeAt(state, nowMs));
    times.push(nowMs);
  }
  return times;
}

test('the burst is there at once, then one token every 1/rate', () => {
  expect(grants(aBucket(), 5)).toEqual([0, 0, 100, 200, 300]);
});

test('after a pause there is the burst again, however long the pause', () => {
  let bucket = aBucket();
  for (let taken = 0; taken < 2; taken += 1) bucket = takeToken(bucket, 0).bucket;

  const waits: number[] = [];
  for (let taken = 0; taken < 3; taken += 1) {
    const next = takeToken(bucket, 3_600_000);
    waits.push(next.waitMs);
    bucket = next.bucket;
  }

  expect(waits).toEqual([0, 0, 100]);
});

test('a refusal halves the rate and takes the burst away', () => {
  const lowered = lowerRate(aBucket(), 0);

  expect(lowered.rate).toBe(5);
  expect(takeToken(lowered, 0).waitMs).toBe(200);
});

test('refusals of requests that were in flight together count once', () => {
  const lowered = lowerRate(lowerRate(aBucket(), 0), 900);

  expect(lowered.rate).toBeGreaterThanOrEqual(5);
});

test('however often it is refused, a sixteenth of the rate remains', () => {
  let bucket = aBucket();
  for (let nowMs = 0; nowMs < 20_000; nowMs += 1_000) bucket = lowerRate(bucket, nowMs);

  expect(bucket.rate).toBeGreaterThanOrEqual(10 / 16);
  expect(bucket.rate).toBeLessThan(2);
});

test('the rate is back 15 s after a halving, and not before', () => {
  const lowered = lowerRate(aBucket(), 0);

  expect(takeToken(lowered, 14_000).bucket.rate).toBeLessThan(10);
  expect(takeToken(lowered, 15_000).bucket.rate).toBe(10);
});

test('a clock that is set back neither gives tokens nor blocks', () => {
  const [, , third] = grants(aBucket(), 3);
  let bucket = aBucket();
  for (let taken = 0; taken < 2; taken += 1) bucket = takeToken(bucket, 0).bucket;

  const setBack = takeToken(bucket, -3_600_000);

  expect(setBack.waitMs).toBe(third);
});

test('in no window are there more grants than burst + rate × length, refusals or not', () => {
  const call = fc.record({ pauseMs: fc.nat(400), isRefused: fc.boolean() });
  const options = fc.record({
    ratePerSecond: fc.double({ min: 0.5, max: 50, noNaN: true }),
    burst: fc.integer({ min: 1, max: 5 }),
  });

  fc.assert(
    fc.property(options, fc.array(call, { maxLength: 60 }), ({ ratePerSecond, burst }, calls) => {
      let bucket = aBucket({ ratePerSecond, burst });
      let nowMs = 0;
      const times: number[] = [];
      for (const { pauseMs, isRefused } of calls) {
        ({ bucket, grantedMs: nowMs } = takeAt(bucket, nowMs + pauseMs));
        times.push(nowMs);
        if (isRefused) bucket = lowerRate(bucket, nowMs);
      }

      for (const [first, from] of times.entries()) {
        for (const [last, to] of times.entries()) {
          const allowed = burst + (ratePerSecond * (to - from)) / 1000 + 1e-6;
          if (last >= first) expect(last - first + 1).toBeLessThanOrEqual(allowed);
        }
      }
    }),
  );
});
