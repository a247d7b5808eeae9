import type { JobErrorCode } from '../errors/job-error.ts';

/** Why a run of a message failed. */
export interface Failure {
  readonly code: JobErrorCode;
  readonly detail: string | undefined;
  /** One clipped sentence for a person; never message text. */
  readonly hint: string | undefined;
  /** HTTP status of the answer that caused it. */
  readonly status: number | undefined;
}

/** What is remembered of a message's failures: the newest one, and how many of them were the session's own. */
export interface FailureNote extends Failure {
  /** Attempts spent. Refusals, outages and deferrals spend none. */
  readonly failures: number;
  /** True once no further attempt is made: the failure was permanent, or it was the last attempt. */
  readonly isFinal: boolean;
  /** Of the first failure, epoch ms. */
  readonly firstMs: number;
  /** Of the newest failure, epoch ms. */
  readonly lastMs: number;
}
