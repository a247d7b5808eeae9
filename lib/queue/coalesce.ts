import { createHash } from 'node:crypto';
import type { CoalesceWindow } from '../config/config.ts';
import { type FetchMode, type SessionRef, toSessionKey } from '../ids.ts';
import type { SessionJob } from './job.ts';

/** A job with the two FIFO ids that make equal jobs of one bucket a single SQS message. */
export interface CoalescedJob {
  readonly job: Required<SessionJob>;
  readonly groupId: string;
  readonly deduplicationId: string;
}

// SQS: MessageDeduplicationId has at most 128 characters.
const MAX_DEDUPLICATION_ID_LENGTH = 128;

/**
 * Puts an event that happened now into its bucket. Every field of the job is a function of the deduplication id,
 * so the twin that SQS drops would have been identical; and every event of a bucket happened before its end, while the
 * fetch starts after `notBeforeMs`, so the last event of a burst is never missed.
 */
export function toCoalescedJob(
  session: SessionRef,
  mode: FetchMode,
  nowMs: number,
  { coalesceSeconds, marginSeconds }: CoalesceWindow,
): CoalescedJob {
  const bucketLengthMs = coalesceSeconds * 1000;
  const bucketMs = Math.floor(nowMs / bucketLengthMs) * bucketLengthMs;

  return {
    job: {
      websiteId: session.websiteId,
      sessionId: session.sessionId,
      mode,
      bucketMs,
      notBeforeMs: bucketMs + bucketLengthMs + marginSeconds * 1000,
    },
    groupId: toSessionKey(session),
    deduplicationId: toDeduplicationId(session, mode, bucketMs, coalesceSeconds),
  };
}

function toDeduplicationId(
  session: SessionRef,
  mode: FetchMode,
  bucketMs: number,
  coalesceSeconds: number,
): string {
  const bucket = `${coalesceSeconds}:${bucketMs}`;
  const strength = mode === 'full' ? ':full' : '';
  const id = `${bucket}:${toSessionKey(session)}${strength}`;
  if (id.length <= MAX_DEDUPLICATION_ID_LENGTH) return id;

  // The longest session ids would pass the limit of SQS (docs/decisions/0001): their key is hashed instead.
  const digest = createHash('sha256').update(toSessionKey(session)).digest('hex');
  return `${bucket}:${digest}${strength}`;
}

/** SQS: entries of one batch. */
export const MAX_BATCH_ENTRIES = 10;

/** SQS: bytes of one batch, and of one message. */
export const MAX_BATCH_BYTES = 1024 * 1024;

/**
 * Splits items into batches in their order: at most ten each, at most 1 MiB together. An item that is too large for any
 * batch has one of its own, which SQS then refuses by name.
 */
export function splitBatches<Item>(items: readonly Item[], bytesOf: (item: Item) => number): Item[][] {
  const batches: Item[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    const batch = batches.at(-1);
    if (batch === undefined || batch.length === MAX_BATCH_ENTRIES || bytes + size > MAX_BATCH_BYTES) {
      batches.push([item]);
      bytes = size;
    } else {
      batch.push(item);
      bytes += size;
    }
  }
  return batches;
}
