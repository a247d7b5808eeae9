import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextVersion } from '../../../lib/core/record/next-version.ts';

test('the first version is the moment at which the fetch began', () => {
  expect(nextVersion(1_790_856_070_123, undefined)).toBe(1_790_856_070_123);
});

test('versions grow, whatever the clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2 ** 45 }), { minLength: 2 }), (starts) => {
      let last: number | undefined;
      for (const startedMs of starts) {
        const version = nextVersion(startedMs, last);
        expect(version).toBeGreaterThan(last ?? 0);
        expect(version).toBeGreaterThanOrEqual(startedMs);
        last = version;
      }
    }),
  );
});
