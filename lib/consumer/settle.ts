import { ChangeMessageVisibilityCommand, DeleteMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { toAwsFailure } from '../aws/failures.ts';
import type { Clock } from '../clock.ts';
import { type FailureDecision, JobError, toJobError, toReason, toStage } from '../errors.ts';
import type { SessionRef } from '../ids.ts';
import { type Blame, type Failure, type FailureNote, toFailure } from '../ledger/failure-notes.ts';
import type { MessageNotes } from '../ledger/message-notes.ts';
import type { RunOutcome } from '../ledger/runs.ts';
import type { BestEffort } from '../ledger/table.ts';
import type { ReceivedMessage } from '../queue/job.ts';
import type { JobVisibility } from '../queue/sessions-queue.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { decideFailure, type FailureCost, type RetryPolicy, toLeaseSeconds, weighFailure } from './retry.ts';
import type {
  DecodedMessage,
  Invocation,
  RecallFailure,
  RecordRuns,
  RunEnd,
  SessionUnit,
  SettledMessage,
} from './unit.ts';

interface HandleFailureDependencies {
  readonly notes: Pick<MessageNotes, 'noteFailure'>;
  readonly bestEffort: BestEffort;
  readonly clock: Clock;
  readonly hideMessage: HideMessage;
  readonly maxAttempts: number;
  readonly policy: RetryPolicy;
  readonly telemetry: Telemetry;
}

/** A receive of a message that failed. */
interface FailedReceive {
  /** Undefined where the message could not be read. */
  readonly session: SessionRef | undefined;
  readonly error: JobError;
  readonly blame: Blame;
  /** 1-based; see `RecalledFailure`. */
  readonly attempt: number;
  /** Requests to Crisp that were sent for it. */
  readonly apiCalls: number;
}

export type HandleFailure = (message: ReceivedMessage, failed: FailedReceive) => Promise<SettledMessage>;

/** Keeps a failed message in the queue: notes why, decides how it goes on, and hides it until then. Never throws. */
export function createHandleFailure(dependencies: HandleFailureDependencies): HandleFailure {
  const { notes, bestEffort, clock, hideMessage, maxAttempts, policy, telemetry } = dependencies;

  return async (message, failed) => {
    const { error } = failed;
    const work = { blame: failed.blame, hasStarted: failed.apiCalls > 0 };
    const failure = toFailure(error);
    const counted = await note(message, failure, weighFailure(error, work));
    const { receiveCount } = message;
    const decision = decideFailure(error, { ...work, receiveCount, counted }, policy);

    tell(message, failed, { ...failure, ...decision });
    await hideMessage(message, decision.delaySeconds);
    return {
      message,
      outcome: { outcome: 'retained', reason: error.reason },
      end: toRunEnd(failed, { ...failure, ...decision }),
    };
  };

  /** Before the decision: whether it was the last attempt is for the ledger's count to say. */
  function note({ messageId }: ReceivedMessage, failure: Failure, cost: FailureCost) {
    return bestEffort('note-failure', () =>
      notes.noteFailure(messageId, failure, {
        spendsAttempt: cost === 'own',
        isPermanent: cost === 'permanent',
        maxAttempts,
        nowMs: clock.nowMs(),
      }),
    );
  }

  function tell({ messageId }: ReceivedMessage, failed: FailedReceive, failure: DecidedFailure): void {
    const { error, attempt, session } = failed;
    const about = {
      code: error.reason,
      messageId,
      attempt,
      ...(session && { websiteId: session.websiteId, sessionId: session.sessionId }),
      ...(failure.status !== undefined && { status: failure.status }),
      ...(failure.hint !== undefined && { hint: failure.hint }),
    };
    const { decision, delaySeconds } = failure;
    telemetry.emit({
      name: 'job-failed',
      disposition: error.disposition,
      decision,
      delaySeconds,
      ...about,
    });
    if (decision === 'dead') telemetry.emit({ name: 'job-dead', ...about });
  }
}

type DecidedFailure = Failure & FailureDecision;

const OUTCOMES: Readonly<Record<FailureDecision['decision'], RunOutcome>> = {
  retry: 'failed',
  defer: 'deferred',
  dead: 'dead',
  removed: 'removed',
};

function toRunEnd({ error, attempt, apiCalls }: FailedReceive, failure: DecidedFailure): RunEnd {
  return {
    outcome: OUTCOMES[failure.decision],
    attempt,
    apiCalls,
    stage: toStage(error.code),
    code: error.reason,
    delaySeconds: failure.delaySeconds,
    ...(failure.status !== undefined && { status: failure.status }),
    ...(failure.hint !== undefined && { reason: failure.hint }),
  };
}

/** The consumer's hold on the messages of one SQS queue. Rejects with `JobError` `visibility_failed` alone. */
export function createSqsJobVisibility(sqs: SQSClient, queueUrl: string): JobVisibility {
  return {
    async hideFor(receiptHandle, delaySeconds) {
      const command = new ChangeMessageVisibilityCommand({
        QueueUrl: queueUrl,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: delaySeconds,
      });
      await attempt('sqs:ChangeMessageVisibility', () => sqs.send(command));
    },
    async delete(receiptHandle) {
      const command = new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receiptHandle });
      await attempt('sqs:DeleteMessage', () => sqs.send(command));
    },
  };
}

async function attempt(action: string, send: () => Promise<unknown>): Promise<void> {
  try {
    await send();
  } catch (thrown) {
    const { code, status, isDenied } = toAwsFailure(thrown);
    throw new JobError('visibility_failed', {
      detail: code,
      cause: thrown,
      ...(status !== undefined && { status }),
      ...(isDenied && { hint: `allow ${action} on the sessions queue` }),
    });
  }
}

/** `held`: the breaker is open. `deferred`: anything else that is no failure. */
interface Deferral extends Pick<RunEnd, 'attempt' | 'apiCalls'> {
  readonly outcome: 'deferred' | 'held';
  readonly reason: string;
  readonly delaySeconds: number;
}

export type DeferMessage = ReturnType<typeof createDeferMessage>;

/** Puts a message off that has not failed: says why, and hides it until then. Never throws. */
export function createDeferMessage(hideMessage: HideMessage, telemetry: Telemetry) {
  return async ({ message, job }: DecodedMessage, deferral: Deferral): Promise<SettledMessage> => {
    const { reason, delaySeconds, ...end } = deferral;
    const { websiteId, sessionId } = job;
    const { messageId } = message;
    telemetry.emit({ name: 'job-deferred', reason, messageId, delaySeconds, websiteId, sessionId });
    await hideMessage(message, delaySeconds);
    return {
      message,
      outcome: { outcome: 'retained', reason },
      end: { ...end, code: reason, delaySeconds },
    };
  };
}

interface RetainUnreadableDependencies {
  readonly clock: Clock;
  readonly recallFailure: RecallFailure;
  readonly retainFinal: RetainFinal;
  readonly handleFailure: HandleFailure;
  readonly recordRuns: RecordRuns;
}

export type RetainUnreadable = ReturnType<typeof createRetainUnreadable>;

/** Keeps a message in the queue that nobody could read, and says so once. Never throws. */
export function createRetainUnreadable(dependencies: RetainUnreadableDependencies) {
  const { clock, recallFailure, retainFinal, handleFailure, recordRuns } = dependencies;

  return async (
    message: ReceivedMessage,
    error: JobError,
    { requestId }: Invocation,
  ): Promise<SettledMessage[]> => {
    const startedMs = clock.nowMs();
    const { attempt, final } = await recallFailure(message);
    if (final) return [await retainFinal(message, final)];

    const failed = { session: undefined, error, blame: 'session', attempt, apiCalls: 0 } as const;
    const settled = [await handleFailure(message, failed)];
    await recordRuns(settled, { session: undefined, requestId, startedMs });
    return settled;
  };
}

export type RetainFinal = ReturnType<typeof createRetainFinal>;

/**
 * Shows a message again at once for which no further attempt is made, until SQS moves it away. What was wrong was told
 * when its failure became final.
 */
export function createRetainFinal(hideMessage: HideMessage) {
  return async (message: ReceivedMessage, final: FailureNote): Promise<SettledMessage> => {
    await hideMessage(message, 0);
    return { message, outcome: { outcome: 'retained', reason: toReason(final) } };
  };
}

interface LeaseBatchDependencies {
  readonly clock: Clock;
  readonly hideMessage: HideMessage;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export type LeaseBatch = (units: readonly SessionUnit[], deadlineMs: number) => Promise<void>;

/**
 * Hides the sessions of a batch while it is worked on, each until a moment of its own soon after `deadlineMs` (epoch ms).
 * Should the instance be killed, they come back within minutes, not after the queue's visibility timeout, and without the
 * one that killed it: the session that was received most often comes back last. Any other end deletes them or hides them
 * anew. Never throws.
 */
export function createLeaseBatch({ clock, hideMessage, random }: LeaseBatchDependencies): LeaseBatch {
  return async (units, deadlineMs) => {
    const remainingMs = deadlineMs - clock.nowMs();
    const inOrder = units.toSorted((a, b) => countReceives(a) - countReceives(b));
    await Promise.all(
      inOrder.flatMap(({ messages }, place) => {
        // All of a session at one moment: a FIFO queue hands out none of it while another one is hidden.
        const seconds = toLeaseSeconds(remainingMs, place, random);
        return messages.map(({ message }) => hideMessage(message, seconds));
      }),
    );
  };
}

function countReceives({ messages }: SessionUnit): number {
  return Math.max(...messages.map(({ message }) => message.receiveCount));
}

type HideMessage = ReturnType<typeof createHideMessage>;

/**
 * Sets when a retained message is received again. If SQS refuses, the message keeps the queue's own visibility timeout:
 * later than wanted, but not lost, so this never throws.
 */
export function createHideMessage(visibility: JobVisibility, telemetry: Telemetry) {
  return async ({ messageId, receiptHandle }: ReceivedMessage, delaySeconds: number): Promise<void> => {
    try {
      await visibility.hideFor(receiptHandle, delaySeconds);
    } catch (thrown) {
      telemetry.emit({ name: 'visibility-unchanged', messageId, code: toJobError(thrown).reason });
    }
  };
}

export type DeleteMessage = ReturnType<typeof createDeleteMessage>;

/** Deletes a message whose work is done. If SQS refuses, Lambda deletes it at the end of the batch: this never throws. */
export function createDeleteMessage(visibility: JobVisibility, telemetry: Telemetry) {
  return async ({ message }: SettledMessage): Promise<void> => {
    try {
      await visibility.delete(message.receiptHandle);
    } catch (thrown) {
      const { messageId } = message;
      telemetry.emit({ name: 'visibility-unchanged', messageId, code: toJobError(thrown).reason });
    }
  };
}
