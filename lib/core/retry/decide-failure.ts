import type { JobError } from '../errors/job-error.ts';
import { toBackoffSeconds } from './backoff.ts';
import type { FailureNote } from './failure-note.ts';
import { stretchHold } from './stretch-hold.ts';
import { type FailedWork, weighFailure } from './weigh-failure.ts';

export interface RetryPolicy {
  readonly retryBaseSeconds: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** What was found out about a failure beside the error itself. */
export interface FailureCircumstances extends FailedWork {
  /** 1-based, this receive included. */
  readonly receiveCount: number;
  /** What the ledger has counted of the message, this failure included; undefined while the ledger is away. */
  readonly counted: Pick<FailureNote, 'failures' | 'isFinal'> | undefined;
  /** For how long Crisp has not had the conversation, in ms; undefined where nobody knows. */
  readonly missingForMs?: number;
}

/**
 * - `retry`: it was the session's own failure, and it has attempts left.
 * - `defer`: it was not; the message is received again, and nothing was spent.
 * - `dead`: no further attempt is made: the message is shown again at once, until its receives are spent and SQS moves it.
 * - `removed`: Crisp no longer has the conversation: its removal is announced, once the website itself answers.
 */
export interface FailureDecision {
  readonly decision: 'retry' | 'defer' | 'dead' | 'removed';
  /** For which the message is hidden; whole seconds. */
  readonly delaySeconds: number;
}

/** A conversation that was just created may be unknown to Crisp's REST side for seconds: a second look comes later. */
export const ABSENCE_CONFIRMED_AFTER_MS = 10_000;
export const SECOND_LOOK_DELAY_SECONDS = 15;

/** The one place that decides what becomes of a message after a failure. */
export function decideFailure(
  error: JobError,
  circumstances: FailureCircumstances,
  policy: RetryPolicy,
): FailureDecision {
  const cost = weighFailure(error, circumstances);
  // With the ledger away nobody knows how many attempts were spent: then no attempt counts as the last one.
  if (cost === 'permanent' || circumstances.counted?.isFinal) return { decision: 'dead', delaySeconds: 0 };
  if (cost === 'own')
    return { decision: 'retry', delaySeconds: toRetrySeconds(error, circumstances, policy) };
  return error.disposition === 'missing' && circumstances.missingForMs !== undefined
    ? decideAbsence(circumstances.missingForMs)
    : { decision: 'defer', delaySeconds: toDeferSeconds(error, circumstances, policy) };
}

function toRetrySeconds(
  { retryAfterMs }: JobError,
  { receiveCount, counted }: FailureCircumstances,
  { retryBaseSeconds: baseSeconds, random }: RetryPolicy,
): number {
  const wait = toBackoffSeconds(counted?.failures ?? receiveCount, { baseSeconds, retryAfterMs, random });
  // Without a count nothing ends a lasting fault but the receives, and those have to last for days.
  return counted === undefined ? stretchHold(wait, receiveCount, random) : wait;
}

function decideAbsence(missingForMs: number): FailureDecision {
  return missingForMs >= ABSENCE_CONFIRMED_AFTER_MS
    ? { decision: 'removed', delaySeconds: 0 }
    : { decision: 'defer', delaySeconds: SECOND_LOOK_DELAY_SECONDS };
}

function toDeferSeconds(
  { code, retryAfterMs }: JobError,
  { receiveCount, hasStarted }: FailureCircumstances,
  { retryBaseSeconds: baseSeconds, random }: RetryPolicy,
): number {
  // What was not begun needs no wait: another instance may take it at once.
  const isUnstarted = code === 'deadline_reached' && !hasStarted;
  const backoff = { baseSeconds, retryAfterMs, random };
  return stretchHold(isUnstarted ? 0 : toBackoffSeconds(receiveCount, backoff), receiveCount, random);
}
