import type { Failure, FailureNote } from '../core/retry/failure-note.ts';

/** What a failure means for the message that it is noted for. */
export interface FailureWeight {
  /** True where it was the session's own: it spends one of `maxAttempts`. */
  readonly spendsAttempt: boolean;
  /** True where trying again cannot help. */
  readonly isPermanent: boolean;
  readonly maxAttempts: number;
}

/**
 * What is remembered about a message between two of its receives. Kept in the ledger; never needed for correctness: every
 * method may reject, and its caller goes on without it. Notes are bound to a message, so none outlives what it is about.
 */
export interface MessageNotes {
  /** Notes that Crisp did not have the message's conversation now; returns when that was first noted (epoch ms). */
  noteAbsence(messageId: string, nowMs: number): Promise<number>;
  /** Takes an absence back: Crisp had the conversation after all, so that the next one counts as the first again. */
  clearAbsence(messageId: string, nowMs: number): Promise<void>;
  /** Counts that a message was put off because Crisp's answer lacked the newest message; returns how often by now. */
  countStaleRead(messageId: string, nowMs: number): Promise<number>;
  /** Notes a failure; what it returns counts it already, and is final where it was permanent or spent the last attempt. */
  noteFailure(
    messageId: string,
    failure: Failure,
    options: FailureWeight & { readonly nowMs: number },
  ): Promise<FailureNote>;
  /** Undefined where none was noted. */
  readFailure(messageId: string): Promise<FailureNote | undefined>;
}

/** The failures of many messages at once, for those who look at a dead-letter queue. */
export interface FailureNotes {
  /** By message id; a message of which nothing is known is absent. */
  readMany(messageIds: readonly string[]): Promise<ReadonlyMap<string, FailureNote>>;
}
