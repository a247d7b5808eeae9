import { QUEUE_NUMBERS } from '../aws/queues.ts';
import type { FailureDecision, JobError } from '../errors.ts';
import type { Blame, FailureNote } from '../ledger/failure-notes.ts';

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
  /** For how long Crisp has not had the conversation, in ms; undefined where it is not known. */
  readonly missingForMs?: number;
}

/** A conversation that was just created may be unknown to Crisp's REST side for seconds: a second look comes later. */
const ABSENCE_CONFIRMED_AFTER_MS = 10_000;
const SECOND_LOOK_DELAY_SECONDS = 15;

/** The one place that decides what becomes of a message after a failure. */
export function decideFailure(
  error: JobError,
  circumstances: FailureCircumstances,
  policy: RetryPolicy,
): FailureDecision {
  const cost = weighFailure(error, circumstances);
  // With the ledger away the attempts that were spent are unknown: then no attempt counts as the last one.
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

// Disabling the event source mapping takes up to a minute; what still arrives meanwhile is back after it.
const LEAST_SECONDS = 60;
const JITTER_SECONDS = 60;

/** Seconds for which a message is put off that was delivered although the breaker is open. */
export function toHeldSeconds(receiveCount: number, random: () => number): number {
  return stretchHold(LEAST_SECONDS + Math.floor(random() * JITTER_SECONDS), receiveCount, random);
}

/** Half of the queue's receive limit is used up: from this receive on, waits that are not the session's fault are stretched. */
const STRETCHED_FROM_RECEIVE = QUEUE_NUMBERS.receiveLimit / 2 + 1;

// Less jitter than a retry has: what counts here is that the waits which are left add up to days.
const LEAST_SHARE = 0.75;

/**
 * Seconds for which a message is put off that is not to blame: `usualSeconds`, and from the eleventh receive on much
 * longer. The bound doubles with every receive, from 30 minutes to 11 hours, and the wait is uniform in its upper
 * quarter, so that the receives which are left last for more than two days even where nothing stops the deliveries.
 */
export function stretchHold(usualSeconds: number, receiveCount: number, random: () => number): number {
  if (receiveCount < STRETCHED_FROM_RECEIVE) return usualSeconds;
  const doublings = Math.min(receiveCount - STRETCHED_FROM_RECEIVE + 1, 20);
  const bound = Math.min(MAX_VISIBILITY_SECONDS, MAX_BACKOFF_SECONDS * 2 ** doublings);
  const stretched = bound * (LEAST_SHARE + (1 - LEAST_SHARE) * random());
  return Math.max(usualSeconds, Math.ceil(stretched));
}

/** No wait after a failure of its own is longer: a session that recovers is seen again within 15 minutes. */
export const MAX_BACKOFF_SECONDS = 900;

/** SQS hides a message for at most twelve hours from its receive; an hour is left for the run itself. */
export const MAX_VISIBILITY_SECONDS = 11 * 3600;

interface BackoffOptions {
  readonly baseSeconds: number;
  /** How long the other side asked to be left alone, in ms. */
  readonly retryAfterMs?: number | undefined;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Whole seconds to wait after a failed attempt (1-based): uniform between the base and a bound that doubles with every
 * attempt, so that sessions which failed together do not come back together; never before `Retry-After`.
 */
function toBackoffSeconds(attempt: number, { baseSeconds, retryAfterMs, random }: BackoffOptions): number {
  const bound = Math.min(MAX_BACKOFF_SECONDS, baseSeconds * 2 ** Math.min(attempt, 20));
  const backoff = baseSeconds + random() * Math.max(0, bound - baseSeconds);
  const wait = Math.max(backoff, (retryAfterMs ?? 0) / 1000);
  return Math.min(Math.ceil(wait), MAX_VISIBILITY_SECONDS);
}

/** The sessions queue's visibility timeout. */
export const QUEUE_VISIBILITY_SECONDS = QUEUE_NUMBERS.visibilitySeconds;

/** Beyond the function's deadline: Lambda ends a run a moment late, and clocks differ. */
const LEASE_MARGIN_SECONDS = 60;

/** The sessions of one batch come back this far apart; a receive that finds two of them would join them again. */
export const LEASE_STEP_SECONDS = 60;

/**
 * Whole seconds for which the session at `place` (0-based) of a batch is hidden while the batch is worked on, in place of
 * the queue's visibility timeout: what is left of the invocation (`remainingMs`) with a margin, and a step for each place.
 * Sessions that are killed together come back apart, and within minutes. Half a step is random, so that batches which
 * began together do not meet.
 */
export function toLeaseSeconds(remainingMs: number, place: number, random: () => number): number {
  const least = Math.ceil(Math.max(0, remainingMs) / 1000) + LEASE_MARGIN_SECONDS;
  const step = place * LEASE_STEP_SECONDS + Math.floor((random() * LEASE_STEP_SECONDS) / 2);
  return Math.min(least + step, QUEUE_VISIBILITY_SECONDS);
}

/**
 * What a failure costs the message. `permanent`: trying again cannot help. `own`: one attempt. `excused`: nothing, the
 * message is not to blame.
 */
export type FailureCost = 'permanent' | 'own' | 'excused';

interface FailedWork {
  readonly blame: Blame;
  /** True once a request for this message was sent to Crisp. */
  readonly hasStarted: boolean;
}

/**
 * Weighs a failure by whom the breaker blames. What one session alone meets while others are served is its own, whatever
 * Crisp calls it; what others meet as well spends nothing. A verdict that is not confirmed yet is tried again. Never
 * the session's own are a conversation that is not there, and work that the function's deadline kept from being begun.
 */
export function weighFailure(error: JobError, { blame, hasStarted }: FailedWork): FailureCost {
  switch (error.disposition) {
    case 'permanent':
      return blame === 'session' ? 'permanent' : toCost(blame);
    case 'missing':
      return 'excused';
    case 'refused':
    case 'outage':
    case 'transient':
      if (error.code === 'deadline_reached' && !hasStarted) return 'excused';
      return toCost(blame);
    default:
      return error.disposition satisfies never;
  }
}

function toCost(blame: Blame): FailureCost {
  return blame === 'session' || blame === 'unconfirmed' ? 'own' : 'excused';
}
