import { type FailureDecision, type JobError, toJobError, toReason, toStage } from '../errors.ts';
import type { SessionRef } from '../ids.ts';
import { type Blame, type Failure, type FailureNote, toFailure } from '../ledger/failure-notes.ts';
import type { Run, RunOutcome } from '../ledger/runs.ts';
import type { ReceivedMessage } from '../queue/job.ts';
import type { ConsumerContext, DecodedMessage, RunEnd, SessionUnit, SettledMessage } from './context.ts';
import { decideFailure, type FailureCost, toLeaseSeconds, weighFailure } from './retry.ts';

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

/** Keeps a failed message in the queue: notes why, decides how it goes on, and hides it until then. Never throws. */
export async function settleFailure(
  context: ConsumerContext,
  message: ReceivedMessage,
  failed: FailedReceive,
): Promise<SettledMessage> {
  const { error, blame, apiCalls } = failed;
  const work = { blame, hasStarted: apiCalls > 0 };
  const failure = toFailure(error);
  // Before the decision: whether it was the last attempt depends on the ledger's count.
  const counted = await noteFailure(context, message, { failure, cost: weighFailure(error, work) });
  const { receiveCount } = message;
  const decision = decideFailure(error, { ...work, receiveCount, counted }, context.policy);

  logFailure(context, message, { failed, failure: { ...failure, ...decision } });
  await hideMessage(context, message, decision.delaySeconds);
  return {
    message,
    outcome: { outcome: 'retained', reason: error.reason },
    end: toRunEnd(failed, { ...failure, ...decision }),
  };
}

function noteFailure(
  { notes, bestEffort, clock, policy }: ConsumerContext,
  { messageId }: ReceivedMessage,
  { failure, cost }: { failure: Failure; cost: FailureCost },
) {
  return bestEffort('note-failure', () =>
    notes.noteFailure(messageId, failure, {
      spendsAttempt: cost === 'own',
      isPermanent: cost === 'permanent',
      maxAttempts: policy.maxAttempts,
      nowMs: clock.nowMs(),
    }),
  );
}

function logFailure(
  { telemetry }: ConsumerContext,
  { messageId }: ReceivedMessage,
  { failed, failure }: { failed: FailedReceive; failure: DecidedFailure },
): void {
  const { error, attempt, session } = failed;
  const about = {
    code: error.reason,
    messageId,
    attempt,
    ...(session && { websiteId: session.websiteId, sessionId: session.sessionId }),
    ...(failure.status !== undefined && { status: failure.status }),
    ...(failure.hint !== undefined && { hint: failure.hint }),
  };
  const { disposition } = error;
  const { decision, delaySeconds } = failure;
  telemetry.emit({ name: 'job-failed', disposition, decision, delaySeconds, ...about });
  if (decision === 'dead') telemetry.emit({ name: 'job-dead', ...about });
}

type DecidedFailure = Failure & FailureDecision;

const OUTCOMES: Readonly<Record<FailureDecision['decision'], RunOutcome>> = {
  retry: 'failed',
  defer: 'deferred',
  dead: 'dead',
  removed: 'removed',
};

function toRunEnd({ error, attempt, apiCalls }: FailedReceive, failure: DecidedFailure): RunEnd {
  const { decision, delaySeconds } = failure;
  return {
    outcome: OUTCOMES[decision],
    attempt,
    apiCalls,
    stage: toStage(error.code),
    code: error.reason,
    // What is dead or removed is not tried again.
    ...((decision === 'retry' || decision === 'defer') && { delaySeconds }),
    ...(failure.status !== undefined && { status: failure.status }),
    ...(failure.hint !== undefined && { reason: failure.hint }),
  };
}

/** What is known of the earlier receives of a message. */
export interface RecalledFailure {
  /** Which attempt this receive is, 1-based: the ledger's count, or where the ledger is away, that of the receives. */
  readonly attempt: number;
  /** The failure after which no further attempt is made. */
  readonly final: FailureNote | undefined;
}

/**
 * Reads how a message's earlier receives ended, so that those which take it to the dead-letter queue cost no call to
 * Crisp. Without the ledger the message is tried again each time.
 */
export async function recallFailure(
  { notes, bestEffort }: ConsumerContext,
  { messageId, receiveCount }: ReceivedMessage,
): Promise<RecalledFailure> {
  // Most messages are received for the first time and have no notes: they cost the ledger nothing.
  if (receiveCount === 1) return { attempt: 1, final: undefined };
  const recalled = await bestEffort('read-failure', async () => ({
    note: await notes.readFailure(messageId),
  }));
  if (!recalled) return { attempt: receiveCount, final: undefined };
  const { note } = recalled;
  return { attempt: (note?.failures ?? 0) + 1, final: note?.isFinal ? note : undefined };
}

/**
 * Shows a message again at once for which no further attempt is made, until SQS moves it away. Its failure was logged
 * when it became final.
 */
export async function retainFinal(
  context: ConsumerContext,
  message: ReceivedMessage,
  final: FailureNote,
): Promise<SettledMessage> {
  await hideMessage(context, message, 0);
  return { message, outcome: { outcome: 'retained', reason: toReason(final) } };
}

/** `held`: the breaker is open. `deferred`: anything else that is no failure. */
interface Deferral extends Pick<RunEnd, 'attempt' | 'apiCalls'> {
  readonly outcome: 'deferred' | 'held';
  readonly reason: string;
  readonly delaySeconds: number;
}

/** Puts a message off that has not failed: logs why, and hides it until then. Never throws. */
export async function deferMessage(
  context: ConsumerContext,
  { message, job }: DecodedMessage,
  { reason, delaySeconds, ...end }: Deferral,
): Promise<SettledMessage> {
  const { websiteId, sessionId } = job;
  const { messageId } = message;
  context.telemetry.emit({ name: 'job-deferred', reason, messageId, delaySeconds, websiteId, sessionId });
  await hideMessage(context, message, delaySeconds);
  return { message, outcome: { outcome: 'retained', reason }, end: { ...end, code: reason, delaySeconds } };
}

/**
 * Hides the sessions of a batch while it is worked on, each until a moment of its own soon after `deadlineMs` (epoch ms).
 * Should the instance be killed, they come back within minutes, not after the queue's visibility timeout, and without the
 * one that killed it: the session that was received most often comes back last. Any other end deletes them or hides them
 * anew. Never throws.
 */
export async function leaseBatch(
  context: ConsumerContext,
  units: readonly SessionUnit[],
  deadlineMs: number,
): Promise<void> {
  if (context.policy.returnsInFlight) return;
  const remainingMs = deadlineMs - context.clock.nowMs();
  const inOrder = units.toSorted((a, b) => countReceives(a) - countReceives(b));
  await Promise.all(
    inOrder.flatMap(({ messages }, place) => {
      // All of a session at one moment: a FIFO queue hands out none of it while another one is hidden.
      const seconds = toLeaseSeconds(remainingMs, place, context.policy.random);
      return messages.map(({ message }) => hideMessage(context, message, seconds));
    }),
  );
}

function countReceives({ messages }: SessionUnit): number {
  return Math.max(...messages.map(({ message }) => message.receiveCount));
}

/**
 * Sets when a retained message is received again. If SQS refuses, the message keeps the queue's own visibility timeout:
 * later than wanted, but not lost, so this never throws.
 */
async function hideMessage(
  context: ConsumerContext,
  message: ReceivedMessage,
  delaySeconds: number,
): Promise<void> {
  await orLog(context, message, () => context.visibility.hideFor(message.receiptHandle, delaySeconds));
}

/** Deletes a message whose work is done. If SQS refuses, Lambda deletes it at the end of the batch: this never throws. */
export async function deleteMessage(context: ConsumerContext, message: ReceivedMessage): Promise<void> {
  await orLog(context, message, () => context.visibility.delete(message.receiptHandle));
}

async function orLog(
  { telemetry }: ConsumerContext,
  { messageId }: ReceivedMessage,
  change: () => Promise<void>,
): Promise<void> {
  try {
    await change();
  } catch (thrown) {
    telemetry.emit({ name: 'visibility-unchanged', messageId, code: toJobError(thrown).reason });
  }
}

/** What the runs of messages that were handled together have in common. */
interface SharedRun {
  readonly session: SessionRef | undefined;
  readonly requestId: string;
  /** Epoch ms. */
  readonly startedMs: number;
}

/** Records how each receive ended. Never throws: nothing depends on the run log. */
export async function recordRuns(
  { runLog, bestEffort, clock }: ConsumerContext,
  settled: readonly SettledMessage[],
  shared: SharedRun,
): Promise<void> {
  const durationMs = clock.nowMs() - shared.startedMs;
  const runs = settled.flatMap(({ message, end }): Run[] => {
    const { messageId, receiveCount, sentMs } = message;
    const queued = sentMs === undefined ? {} : { queuedMs: sentMs };
    return end ? [{ ...shared, messageId, receiveCount, durationMs, ...queued, ...end }] : [];
  });
  const person = settled.find((each) => each.person !== undefined)?.person;
  if (runs.length > 0) await bestEffort('record-runs', () => runLog.record(runs, person));
}
