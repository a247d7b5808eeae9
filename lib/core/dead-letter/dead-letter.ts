import type { SessionId, SessionRef } from '../ids.ts';
import type { FetchMode } from '../job/session-job.ts';
import type { RunStage } from '../run/run.ts';

/** A message of a dead-letter queue as it was received: in flight, and its body any text. */
export interface ReceivedDeadLetter {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** How often SQS handed it out in all, the looks at it in the dead-letter queue included. */
  readonly receives: number;
  /** Epoch ms. A FIFO queue starts this anew when the message is moved to it, so it is the moment of its death. */
  readonly sentMs: number | undefined;
  /** Its message group: while one of it is hidden, SQS hands out no other. Absent: a queue without groups. */
  readonly group?: string | undefined;
}

/** Why a message is dead, as far as anybody knows. */
export interface DeadLetterReason {
  /** A `JobErrorCode`, `reason_unrecorded` or `max_receives_unreported`. */
  readonly code: string;
  readonly detail: string | undefined;
  /** The part of the work in which it failed. */
  readonly stage: RunStage | undefined;
  /** One sentence for a person; never message text. */
  readonly hint: string | undefined;
  /** HTTP status of the answer that caused it. */
  readonly status: number | undefined;
}

/** A message that waits in the dead-letter queue, with what the ledger knows of it. */
export interface DeadLetter {
  readonly messageId: string;
  /** Undefined where the body names none, or no website and there are several. */
  readonly session: SessionRef | undefined;
  /** As the body names it, also without a website. */
  readonly sessionId: SessionId | undefined;
  readonly mode: FetchMode | undefined;
  readonly reason: DeadLetterReason;
  /** Attempts that were reported: 0 where nobody reported any. */
  readonly attempts: number;
  readonly receives: number;
  /** Of the first and the newest failure, epoch ms. */
  readonly firstFailedMs: number | undefined;
  readonly lastFailedMs: number | undefined;
  /** Start of the bucket of the event that asked for it, epoch ms. */
  readonly requestedMs: number | undefined;
  /** When SQS moved it here, epoch ms. */
  readonly deadSinceMs: number | undefined;
  /** When SQS deletes it for good, epoch ms: the queue's retention, counted from the move. */
  readonly expiresMs: number | undefined;
  readonly body: string;
}

/** `code` or `code:detail`. */
export function toReasonText({ code, detail }: DeadLetterReason): string {
  return detail === undefined ? code : `${code}:${detail}`;
}
