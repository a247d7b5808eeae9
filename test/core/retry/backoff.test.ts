import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  MAX_BACKOFF_SECONDS,
  MAX_VISIBILITY_SECONDS,
  toBackoffSeconds,
} from '../../../lib/core/retry/backoff.ts';

const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('a backoff lies between the base and its cap, whatever the attempt', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 600 }),
      anyRandom,
      (attempt, baseSeconds, random) => {
        const seconds = toBackoffSeconds(attempt, { baseSeconds, random: () => random });

        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(baseSeconds);
        expect(seconds).toBeLessThanOrEqual(MAX_BACKOFF_SECONDS);
      },
    ),
  );
});

test('a retry never comes before Retry-After, and never later than SQS can hide a message', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 10 ** 9 }),
      anyRandom,
      (attempt, retryAfterMs, random) => {
        const seconds = toBackoffSeconds(attempt, { baseSeconds: 30, retryAfterMs, random: () => random });

        expect(seconds).toBeGreaterThanOrEqual(Math.min(retryAfterMs / 1000, MAX_VISIBILITY_SECONDS));
        expect(seconds).toBeLessThanOrEqual(MAX_VISIBILITY_SECONDS);
      },
    ),
  );
});

test('the bound doubles with every attempt until the cap', () => {
  const almostOne = () => 1 - Number.EPSILON;

  const bounds = [1, 2, 3, 4, 5, 6].map((attempt) =>
    toBackoffSeconds(attempt, { baseSeconds: 30, random: almostOne }),
  );

  expect(bounds).toEqual([60, 120, 240, 480, 900, 900]);
});

test('the wait is spread evenly from the base to the bound: sessions that failed together do not come back together', () => {
  const spread = [0, 0.25, 0.5, 0.75].map((r) => toBackoffSeconds(3, { baseSeconds: 30, random: () => r }));

  expect(spread).toEqual([30, 83, 135, 188]);
});
