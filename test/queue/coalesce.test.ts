import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MAX_BATCH_BYTES,
  MAX_BATCH_ENTRIES,
  splitBatches,
  toCoalescedJob,
} from '../../lib/queue/coalesce.ts';
import { aSession, OTHER_WEBSITE_ID } from '../support/builders.ts';

describe('coalesce', () => {
  const anyWindow = fc.record({
    coalesceSeconds: fc.integer({ min: 1, max: 300 }),
    marginSeconds: fc.integer({ min: 1, max: 60 }),
  });
  const anyMoment = fc.integer({ min: 1_700_000_000_000, max: 4_000_000_000_000 });
  const anyMode = fc.constantFrom('incremental' as const, 'full' as const);
  const longest = aSession(`session_${'a'.repeat(64)}`);

  test('an event never falls after the start of the fetch that covers it', () => {
    fc.assert(
      fc.property(anyMoment, anyWindow, (nowMs, window) => {
        const { job } = toCoalescedJob(aSession(), 'incremental', nowMs, window);

        expect(job.notBeforeMs).toBeGreaterThan(nowMs + window.marginSeconds * 1000);
        expect(job.notBeforeMs).toBeLessThanOrEqual(
          nowMs + (window.coalesceSeconds + window.marginSeconds) * 1000,
        );
      }),
    );
  });

  test('two jobs with the same deduplication id are identical, so that dropping one loses nothing', () => {
    fc.assert(
      fc.property(
        anyMoment,
        fc.integer({ min: 0, max: 600_000 }),
        anyMode,
        anyMode,
        anyWindow,
        (nowMs, laterMs, m1, m2, w) => {
          const one = toCoalescedJob(aSession(), m1, nowMs, w);
          const other = toCoalescedJob(aSession(), m2, nowMs + laterMs, w);

          if (one.deduplicationId === other.deduplicationId) expect(other).toEqual(one);
          else expect(other.job).not.toEqual(one.job);
        },
      ),
    );
  });

  test('the deduplication id reads bucket length, bucket start, website, session and strength', () => {
    const window = { coalesceSeconds: 60, marginSeconds: 10 };

    const { deduplicationId, groupId } = toCoalescedJob(
      aSession('session_abc'),
      'full',
      1_790_856_012_345,
      window,
    );

    expect(deduplicationId).toBe('60:1790856000000:8c842203-7ed8-4e29-a608-7cf78a7d2fcc:session_abc:full');
    expect(groupId).toBe('8c842203-7ed8-4e29-a608-7cf78a7d2fcc:session_abc');
  });

  test('the ids of the longest session fit into what SQS allows and stay distinct', () => {
    const window = { coalesceSeconds: 300, marginSeconds: 10 };
    const twin = aSession(longest.sessionId, OTHER_WEBSITE_ID);

    const ids = [longest, twin].flatMap((session) =>
      (['full', 'incremental'] as const).map((mode) =>
        toCoalescedJob(session, mode, 1_790_856_012_345, window),
      ),
    );

    for (const { deduplicationId, groupId } of ids) {
      expect(deduplicationId.length).toBeLessThanOrEqual(128);
      expect(groupId.length).toBeLessThanOrEqual(128);
    }
    expect(new Set(ids.map(({ deduplicationId }) => deduplicationId)).size).toBe(4);
  });
});

describe('split batches', () => {
  const KIB = 1024;
  const sizes = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 1100 * KIB })),
    {
      maxLength: 60,
    },
  );
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
});
