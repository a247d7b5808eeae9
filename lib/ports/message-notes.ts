import type { JobErrorCode } from '../core/errors/job-error.ts';

/** Why a message can never succeed. */
export interface Verdict {
  readonly code: JobErrorCode;
  readonly detail: string | undefined;
}

/**
 * What is remembered about a message between two of its receives. Kept in the ledger; never needed for correctness: every
 * method may reject, and its caller goes on without it. Notes are bound to a message, so none outlives what it is about.
 */
export interface MessageNotes {
  /** Notes that Crisp did not have the message's conversation now; returns when that was first noted (epoch ms). */
  noteAbsence(messageId: string, nowMs: number): Promise<number>;
  /** Counts that a message was put off because Crisp's answer lacked the newest message; returns how often by now. */
  countStaleRead(messageId: string, nowMs: number): Promise<number>;
  /** Notes that trying the message again cannot help. */
  noteVerdict(messageId: string, verdict: Verdict, nowMs: number): Promise<void>;
  /** Undefined where there is none. */
  readVerdict(messageId: string): Promise<Verdict | undefined>;
}
