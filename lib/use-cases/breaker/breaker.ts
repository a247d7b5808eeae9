import type { JobError } from '../../core/errors/job-error.ts';
import type { SessionRef } from '../../core/ids.ts';
import type { Blame } from '../../core/retry/blame.ts';

export type { Blame };

export interface FailedRun {
  readonly error: JobError;
  /** Of the session's oldest message. */
  readonly receiveCount: number;
  /** For the control call. */
  readonly signal: AbortSignal;
}

/**
 * Stops the deliveries to the consumer while nothing can succeed. Nothing here throws: with the ledger or the switch
 * away, the pipeline is less thrifty.
 */
export interface Breaker {
  /** The code for which it opened, while deliveries that were under way then may still come; undefined otherwise. */
  holding(): Promise<string | undefined>;
  /**
   * A session's conversation was fetched and announced, or equals what was: whatever failed before it was not everything.
   * Not to be called for a removal or a skipped session: these show no conversation.
   */
  noteSuccess(session: SessionRef): Promise<void>;
  judge(session: SessionRef, failed: FailedRun): Promise<Blame>;
  /** A removal is about to be announced. `outage`: it would be one too many in a row, and the breaker opens instead. */
  judgeRemoval(session: SessionRef): Promise<'removed' | 'outage'>;
}
