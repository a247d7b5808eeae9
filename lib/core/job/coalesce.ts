import { createHash } from 'node:crypto';
import { type SessionRef, toSessionKey } from '../ids.ts';
import type { FetchMode, SessionJob } from './session-job.ts';

/** A job with the two FIFO ids that make equal jobs of one bucket a single SQS message. */
export interface CoalescedJob {
  readonly job: Required<SessionJob>;
  readonly groupId: string;
  readonly deduplicationId: string;
}

/** SQS deduplicates for five minutes: a longer bucket would only be cut in two. */
export const MAX_COALESCE_SECONDS = 300;

/** With the longest bucket it makes the queue's delay, of which SQS allows 900 s. */
export const MAX_MARGIN_SECONDS = 300;

export interface CoalesceWindow {
  /** B: length of a bucket in seconds, at most `MAX_COALESCE_SECONDS`. */
  readonly coalesceSeconds: number;
  /** Time added after the bucket's end before a fetch may start; absorbs clock differences. */
  readonly marginSeconds: number;
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

  // The longest session ids would pass the limit of SQS (docs/decisions/0003): their key is hashed instead.
  const digest = createHash('sha256').update(toSessionKey(session)).digest('hex');
  return `${bucket}:${digest}${strength}`;
}
