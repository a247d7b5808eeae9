import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_VISIBILITY_SECONDS } from '../../../lib/core/retry/backoff.ts';
import { toHeldSeconds } from '../../../lib/core/retry/held-seconds.ts';
import { stretchHold } from '../../../lib/core/retry/stretch-hold.ts';

const RECEIVE_LIMIT = 20;
const TWO_DAYS_SECONDS = 2 * 24 * 3600;
const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const receives = Array.from({ length: RECEIVE_LIMIT }, (_, index) => index + 1);

describe('a message that is not to blame', () => {
  test('waits as usual for the first half of its receives', () => {
    const waits = receives.slice(0, 10).map((receive) => stretchHold(receive * 7, receive, () => 0.5));

    expect(waits).toEqual([7, 14, 21, 28, 35, 42, 49, 56, 63, 70]);
  });

  test('outlasts two days with those that are left, whatever chance does', () => {
    fc.assert(
      fc.property(fc.array(anyRandom, { minLength: RECEIVE_LIMIT, maxLength: RECEIVE_LIMIT }), (randoms) => {
        const waits = receives.map((receive, at) => stretchHold(0, receive, () => randoms[at] ?? 0));

        expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(TWO_DAYS_SECONDS);
        expect(Math.max(...waits)).toBeLessThanOrEqual(MAX_VISIBILITY_SECONDS);
      }),
    );
  });

  test('waits longer with each of them until no longer wait is possible, and never all at the same moment', () => {
    const longest = receives.map((receive) => stretchHold(0, receive, () => 1 - Number.EPSILON));
    const shortest = receives.map((receive) => stretchHold(0, receive, () => 0));

    expect(longest.slice(9)).toEqual([
      0, 1800, 3600, 7200, 14_400, 28_800, 39_600, 39_600, 39_600, 39_600, 39_600,
    ]);
    expect(shortest.slice(9)).toEqual([
      0, 1350, 2700, 5400, 10_800, 21_600, 29_700, 29_700, 29_700, 29_700, 29_700,
    ]);
  });

  test('keeps a longer wait that was asked for', () => {
    expect(stretchHold(7200, 11, () => 0)).toBe(7200);
  });
});

test('a message that comes while the breaker is open is back a minute or two later, unless it came often', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), anyRandom, (receive, random) => {
      const seconds = toHeldSeconds(receive, () => random);

      expect(seconds).toBeGreaterThanOrEqual(60);
      expect(seconds).toBeLessThan(120);
    }),
  );
  expect(toHeldSeconds(3, () => 0.5)).toBe(90);
  expect(toHeldSeconds(20, () => 0)).toBe(29_700);
});
