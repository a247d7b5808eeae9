import type { ReceivedDeadLetter } from '../core/dead-letter/dead-letter.ts';

/** A dead-letter queue as a person looks at it. Nothing here can put a message into one: only SQS does. */
export interface DeadLetterQueue {
  /** Up to ten messages, hidden from everybody else for that long; empty where none can be had. */
  receive(visibilitySeconds: number): Promise<readonly ReceivedDeadLetter[]>;
  /** Shows messages again at once. One that is gone, or visible already, is no failure. */
  restore(receiptHandles: readonly string[]): Promise<void>;
  /** Says of each, in their order, whether it is gone for good. */
  delete(receiptHandles: readonly string[]): Promise<readonly boolean[]>;
}
