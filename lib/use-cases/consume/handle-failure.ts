import type { JobError } from '../../core/errors/job-error.ts';
import { toStage } from '../../core/errors/job-stage.ts';
import type { SessionRef } from '../../core/ids.ts';
import type { ReceivedMessage } from '../../core/job/received-message.ts';
import type { Blame } from '../../core/retry/blame.ts';
import { decideFailure, type FailureDecision, type RetryPolicy } from '../../core/retry/decide-failure.ts';
import type { Failure } from '../../core/retry/failure-note.ts';
import { toFailure } from '../../core/retry/to-failure.ts';
import { type FailureCost, weighFailure } from '../../core/retry/weigh-failure.ts';
import type { RunOutcome } from '../../core/run/run.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MessageNotes } from '../../ports/message-notes.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { BestEffort } from '../best-effort.ts';
import type { HideMessage } from './hide-message.ts';
import type { RunEnd, SettledMessage } from './settled-message.ts';

export interface HandleFailureDependencies {
  readonly notes: Pick<MessageNotes, 'noteFailure'>;
  readonly bestEffort: BestEffort;
  readonly clock: Clock;
  readonly hideMessage: HideMessage;
  readonly maxAttempts: number;
  readonly policy: RetryPolicy;
  readonly telemetry: Telemetry;
}

/** A receive of a message that failed. */
export interface FailedReceive {
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
