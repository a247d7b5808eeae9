import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, splitBatches } from '../../../lib/core/job/split-batches.ts';

const KIB = 1024;
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 1100 * KIB })), {
  maxLength: 60,
});
const identity = (bytes: number) => bytes;
const sum = (batch: readonly number[]) => batch.reduce((total, bytes) => total + bytes, 0);

test('splitting keeps every item, once and in its order', () => {
  fc.assert(
    fc.property(sizes, (items) => {
      expect(splitBatches(items, identity).flat()).toEqual(items);
    }),
  );
});

test('no batch is larger than SQS takes, but for an item that is too large alone', () => {
  fc.assert(
    fc.property(sizes, (items) => {
      for (const batch of splitBatches(items, identity)) {
        expect(batch.length).toBeGreaterThan(0);
        expect(batch.length).toBeLessThanOrEqual(MAX_BATCH_ENTRIES);
        expect(batch.length === 1 || sum(batch) <= MAX_BATCH_BYTES).toBe(true);
      }
    }),
  );
});

test('no two neighbours could have been one batch', () => {
  fc.assert(
    fc.property(sizes, (items) => {
      const batches = splitBatches(items, identity);
      for (const [index, batch] of batches.entries()) {
        const [next] = batches[index + 1] ?? [];
        if (next === undefined) continue;
        expect(batch.length === MAX_BATCH_ENTRIES || sum(batch) + next > MAX_BATCH_BYTES).toBe(true);
      }
    }),
  );
});

test('the limits are those of SQS', () => {
  expect([MAX_BATCH_ENTRIES, MAX_BATCH_BYTES]).toEqual([10, 1_048_576]);
});
