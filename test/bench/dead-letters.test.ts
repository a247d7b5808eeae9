import { expect, test } from 'vitest';
import { measureDeadLetters } from './dead-letters.ts';

const MOST_GROWTH_MIB = 64;

test('fifty times as many dead letters are listed and grouped in little more memory, and all are shown again', {
  timeout: 30_000,
}, async () => {
  const few = await measureDeadLetters(1000);
  const many = await measureDeadLetters(50_000);

  expect([few.seen, few.restored]).toEqual([1000, 1000]);
  expect([many.seen, many.restored]).toEqual([50_000, 50_000]);
  expect(many.groups).toBe(few.groups);
  expect(many.peakMib - few.peakMib).toBeLessThanOrEqual(MOST_GROWTH_MIB);
});
