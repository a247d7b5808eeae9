import { isJobErrorCode, JOB_ERRORS, JobError, type RunStage, toStage } from '../errors.ts';
import type { FetchMode, SessionId, SessionRef, WebsiteId } from '../ids.ts';
import type { FailureNote } from '../ledger/failure-notes.ts';
import type { Run } from '../ledger/runs.ts';
import { decodeJob, findSessionId, type SessionJob } from '../queue/job.ts';
import { toMoment } from '../text.ts';

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
interface DeadLetterReason {
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

/** What the ledger says about a dead letter. */
export interface DeadLetterEvidence {
  readonly note: FailureNote | undefined;
  /** The runs of this message, newest first; asked for only where there is no note. */
  readonly runs: readonly Run[];
  /** False where the ledger did not answer. */
  readonly isLedgerRead: boolean;
}

interface DeadLetterContext {
  /** Of the dead-letter queue. */
  readonly retentionSeconds: number | undefined;
  /** The website of a message that names none, as the consumer has it. */
  readonly onlyWebsiteId?: WebsiteId | undefined;
}

/** Joins a message with the reason for which it is dead. */
export function toDeadLetter(
  { messageId, body, receives, sentMs }: ReceivedDeadLetter,
  evidence: DeadLetterEvidence,
  { retentionSeconds, onlyWebsiteId }: DeadLetterContext,
): DeadLetter {
  const { job, error } = readJob(body, onlyWebsiteId);
  const { note, runs } = evidence;
  return {
    messageId,
    session: job && { websiteId: job.websiteId, sessionId: job.sessionId },
    sessionId: job?.sessionId ?? findSessionId(body),
    mode: job?.mode,
    reason: findReason(evidence, error),
    attempts: note ? countAttempts(note) : Math.max(0, ...runs.map(({ attempt }) => attempt)),
    receives,
    firstFailedMs: note?.firstMs ?? runs.at(-1)?.startedMs,
    lastFailedMs: note?.lastMs ?? runs[0]?.startedMs,
    requestedMs: job?.bucketMs,
    deadSinceMs: sentMs,
    expiresMs:
      sentMs === undefined || retentionSeconds === undefined ? undefined : sentMs + retentionSeconds * 1000,
    body,
  };
}

/** What a body asks for, or why it asks for nothing. */
export function readJob(
  body: string,
  onlyWebsiteId: WebsiteId | undefined,
): { readonly job?: SessionJob; readonly error?: JobError } {
  try {
    // The moments of a job are of no interest here, so any window will do.
    return {
      job: decodeJob(body, { coalesce: { coalesceSeconds: 1, marginSeconds: 1 }, onlyWebsiteId }).job,
    };
  } catch (error) {
    if (error instanceof JobError) return { error };
    throw error;
  }
}

/** A permanent failure spends no attempt, for there is none to save, but it was one. */
function countAttempts({ code, failures, isFinal }: FailureNote): number {
  return failures + (isFinal && JOB_ERRORS[code].disposition === 'permanent' ? 1 : 0);
}

/** The newest failure that was written down; else what the body itself shows; else that nothing is known. */
function findReason(
  { note, runs, isLedgerRead }: DeadLetterEvidence,
  error: JobError | undefined,
): DeadLetterReason {
  if (note) return { ...note, stage: toStage(note.code) };
  const failed = runs.find(({ outcome }) => outcome === 'failed' || outcome === 'dead');
  if (failed?.code !== undefined) return toRunReason(failed, failed.code);
  // The consumer of this version refuses such a body each time, whether it was written down or not.
  if (error && error.code !== 'website_id_required') return toErrorReason(error);
  return isLedgerRead && runs.length === 0 ? UNREPORTED : UNRECORDED;
}

function toRunReason({ stage, status, reason }: Run, text: string): DeadLetterReason {
  const [code = text, ...detail] = text.split(':');
  return {
    code,
    detail: detail.length > 0 ? detail.join(':') : undefined,
    stage: stage ?? (isJobErrorCode(code) ? toStage(code) : undefined),
    hint: reason,
    status,
  };
}

function toErrorReason({ code, detail, hint, status }: JobError): DeadLetterReason {
  return { code, detail, stage: toStage(code), hint, status };
}

const UNKNOWN = { detail: undefined, stage: undefined, status: undefined };

const UNRECORDED: DeadLetterReason = {
  ...UNKNOWN,
  code: 'reason_unrecorded',
  hint: 'the ledger has no reason: look for the message id in the log of the consumer',
};

const UNREPORTED: DeadLetterReason = {
  ...UNKNOWN,
  code: 'max_receives_unreported',
  hint: 'no attempt was ever reported: the function was throttled or killed each time, or could not reach the ledger',
};

/** A dead letter as programs read it: snake case, moments in UTC, null for what is not known. It has no content. */
export function toDeadLetterJson(letter: DeadLetter) {
  const { reason, session } = letter;
  return {
    message_id: letter.messageId,
    website_id: session?.websiteId ?? null,
    session_id: letter.sessionId ?? null,
    mode: letter.mode ?? null,
    code: reason.code,
    reason: toReasonText(reason),
    hint: reason.hint ?? null,
    failed_in: reason.stage ?? null,
    http_status: reason.status ?? null,
    attempts: letter.attempts,
    receives: letter.receives,
    first_failed_at: toMoment(letter.firstFailedMs) ?? null,
    last_failed_at: toMoment(letter.lastFailedMs) ?? null,
    requested_at: toMoment(letter.requestedMs) ?? null,
    dead_since: toMoment(letter.deadSinceMs) ?? null,
    expires_at: toMoment(letter.expiresMs) ?? null,
  };
}
