import type { JobError } from '../errors/job-error.ts';
import { toBackoffSeconds } from './backoff.ts';

export interface RetryPolicy {
  readonly retryBaseSeconds: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Seconds for which a failed message is hidden. A permanent failure is shown again at once, because only SQS moves
 * messages to the dead-letter queue and it does so by the receive count; everything else backs off.
 */
export function decideRetryDelay(
  error: JobError,
  attempt: number,
  { retryBaseSeconds, random }: RetryPolicy,
): number {
  switch (error.disposition) {
    case 'permanent':
      return 0;
    case 'transient':
    case 'refused':
    case 'outage':
    case 'missing':
      // A run that ended at its deadline is nobody's fault: another instance may take the message at once.
      if (error.code === 'deadline_reached') return 0;
      return toBackoffSeconds(attempt, {
        baseSeconds: retryBaseSeconds,
        retryAfterMs: error.retryAfterMs,
        random,
      });
    default:
      return error.disposition satisfies never;
  }
}
