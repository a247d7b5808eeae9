import type { CoalescedJob } from '../core/job/coalesce.ts';

/** What SQS returned for a job: the id is the same for all jobs that were coalesced into one message. */
export interface QueuedMessage {
  readonly messageId: string;
  readonly sequenceNumber: string | undefined;
}

/** Where the webhook puts jobs. */
export interface SessionQueue {
  /** Resolves only once the queue has durably accepted the job; rejects otherwise, also when it takes too long. */
  send(job: CoalescedJob): Promise<QueuedMessage>;
}

/** What became of one job of many: in the queue for good, or not. */
export type SendResult =
  | { readonly outcome: 'queued'; readonly messageId: string }
  | {
      readonly outcome: 'failed';
      /** In snake case: SQS's own code, or `unanswered` where SQS said nothing about the job. */
      readonly code: string;
      /** True where the same send may succeed later. */
      readonly mayRetry: boolean;
    };

/** Where tools put many jobs at once. */
export interface SessionBatches {
  /** Sends all jobs and resolves with a result for each, in their order. Rejects only where the caller has to mend something. */
  sendAll(jobs: readonly CoalescedJob[]): Promise<readonly SendResult[]>;
}

/** The consumer's hold on messages that are in flight. */
export interface JobVisibility {
  /** Hides a message for `delaySeconds` (0 to 43,200) from now; it is then received again. */
  hideFor(receiptHandle: string, delaySeconds: number): Promise<void>;
  /** Deletes a message; may be repeated. */
  delete(receiptHandle: string): Promise<void>;
}
