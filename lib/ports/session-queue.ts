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

/** The consumer's hold on messages that are in flight. */
export interface JobVisibility {
  /** Hides a message for `delaySeconds` (0 to 43,200) from now; it is then received again. */
  hideFor(receiptHandle: string, delaySeconds: number): Promise<void>;
}
