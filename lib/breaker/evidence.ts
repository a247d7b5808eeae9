import { QUEUE_NUMBERS } from '../aws/queues.ts';
import { type Evidence, JOB_ERRORS, type JobError } from '../errors.ts';
import { CONTROL_ROUTE, type Refuted, type Streak } from '../ledger/breaker-notes.ts';

export interface FailedRun {
  readonly error: JobError;
  /** Of the session's oldest message. */
  readonly receiveCount: number;
  /** For the control call. */
  readonly signal: AbortSignal;
}

/** One session may be broken, two may be chance. */
const SESSIONS_OF_AN_OUTAGE = 3;

/** Refusals come in bursts: those of one moment are one. */
const REFUSALS_FOR_MS = 10_000;

/** True where it is not the sessions: three different ones failed with no success between them. */
export function isOutage({ sessions }: Streak): boolean {
  return sessions.length >= SESSIONS_OF_AN_OUTAGE;
}

/** The same for refusals, which must have lasted for ten seconds. */
export function isLastingRefusal(streak: Streak, nowMs: number): boolean {
  return isOutage(streak) && nowMs - streak.firstMs >= REFUSALS_FOR_MS;
}

/** Half of the sessions queue's receive limit: a message refused this often needs a pause. */
export const REFUSED_RECEIVES_OF_AN_OUTAGE = QUEUE_NUMBERS.receiveLimit / 2;

/** For how long a session's failures are its own after a healthy one has refuted an opening; its first success ends it. */
const REFUTED_FOR_MS = 24 * 3600_000;

/** True where the session's failures count as its own, and neither open anything nor stand in a row. */
export function isRefuted({ sessions, atMs }: Refuted, sessionKey: string, nowMs: number): boolean {
  return nowMs - atMs < REFUTED_FOR_MS && sessions.includes(sessionKey);
}

/** As many removals in a row are believed; the next one looks like a Crisp that has lost its conversations. */
export const REMOVALS_IN_A_ROW = 10;

/** What the failure says about everything else, as `JOB_ERRORS` has it. */
export function toEvidence({ code, route }: JobError): Evidence {
  // The control call may need a right that nothing else needs: that the token has it not, says nothing of anything.
  if (code === 'crisp_forbidden' && route === CONTROL_ROUTE) return 'none';
  return JOB_ERRORS[code].evidence;
}

/** A refusal that asks for longer than this is no matter of a moment. */
const LONG_RETRY_AFTER_MS = 60_000;

/** True of a refusal that lasts: a spent quota, or one that asks for more than a minute. */
export function isLongRefusal({ code, retryAfterMs = 0 }: JobError): boolean {
  return code === 'crisp_quota_exceeded' || retryAfterMs > LONG_RETRY_AFTER_MS;
}

/**
 * True where the control call's failure says that Crisp, the token or the whole website is in trouble. A verdict does not,
 * but for the one that is about websites: any answer shows that Crisp works and that the token does.
 */
export function isControlFailure(error: JobError): boolean {
  const evidence = toEvidence(error);
  return evidence === 'crisp' || evidence === 'refusal' || error.code === 'crisp_not_subscribed';
}
