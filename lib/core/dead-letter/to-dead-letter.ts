import { isJobErrorCode, JOB_ERRORS, JobError } from '../errors/job-error.ts';
import { toStage } from '../errors/job-stage.ts';
import type { WebsiteId } from '../ids.ts';
import { decodeJob, findSessionId } from '../job/decode-job.ts';
import type { SessionJob } from '../job/session-job.ts';
import type { FailureNote } from '../retry/failure-note.ts';
import type { Run } from '../run/run.ts';
import type { DeadLetter, DeadLetterReason, ReceivedDeadLetter } from './dead-letter.ts';

/** What the ledger says about a dead letter. */
export interface DeadLetterEvidence {
  readonly note: FailureNote | undefined;
  /** The runs of this message, newest first; asked for only where there is no note. */
  readonly runs: readonly Run[];
  /** False where the ledger did not answer. */
  readonly isLedgerRead: boolean;
}

export interface DeadLetterContext {
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
  return failures + (isFinal && JOB_ERRORS[code] === 'permanent' ? 1 : 0);
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
