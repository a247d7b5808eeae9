import type { SessionRef } from '../core/ids.ts';

/**
 * What is remembered about a session between two receives. Kept in the ledger; never needed for correctness: every
 * method may reject, and its caller goes on without it.
 */
export interface SessionNotes {
  /** Notes that Crisp did not have the conversation now, and returns when that was first noted (epoch ms). */
  noteAbsence(session: SessionRef, nowMs: number): Promise<number>;
  /** Forgets an absence: the conversation was there after all, or its removal was announced. */
  clearAbsence(session: SessionRef): Promise<void>;
  /** Counts that a message was put off because Crisp's answer lacked the newest message; returns how often by now. */
  countStaleRead(messageId: string, nowMs: number): Promise<number>;
}
