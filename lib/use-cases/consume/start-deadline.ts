import { JobError } from '../../core/errors/job-error.ts';
import type { Clock } from '../../ports/clock.ts';

/**
 * No fetch is started, and a running one is given up, this long before the function's timeout: enough to announce what
 * was fetched (archive, topic) and to hand the rest back.
 */
export const DEADLINE_RESERVE_MS = 15_000;

export interface Deadline {
  /** Aborted with `deadline_reached` when the reserve begins; already so where it has begun. */
  readonly signal: AbortSignal;
  /** Stops its timer. */
  clear(): void;
}

/** Watches for the moment at which the reserve before `deadlineMs` (epoch ms) begins. */
export function startDeadline(clock: Clock, deadlineMs: number): Deadline {
  const reached = new AbortController();
  const cleared = new AbortController();
  const remainingMs = deadlineMs - DEADLINE_RESERVE_MS - clock.nowMs();
  const abort = () => reached.abort(new JobError('deadline_reached'));
  if (remainingMs <= 0) abort();
  else clock.sleep(remainingMs, cleared.signal).then(abort, () => undefined);
  return { signal: reached.signal, clear: () => cleared.abort() };
}
