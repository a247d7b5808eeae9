import type { Clock } from '../clock.ts';
import { type SessionRef, toSessionKey } from '../ids.ts';
import type { FailureNote } from '../ledger/failure-notes.ts';
import type { MessageNotes } from '../ledger/message-notes.ts';
import type { Run, RunLog } from '../ledger/runs.ts';
import type { BestEffort } from '../ledger/table.ts';
import type { ReceivedMessage, SessionJob } from '../queue/job.ts';

/** A message together with what it asks for. */
export interface DecodedMessage {
  readonly message: ReceivedMessage;
  readonly job: SessionJob;
}

/** The messages of one session in one batch: fetched once, and acknowledged or retained together. */
export interface SessionUnit extends SessionRef {
  readonly messages: readonly DecodedMessage[];
}

/** Puts the messages of a batch into units, in the order in which their sessions first appear. */
export function toSessionUnits(messages: readonly DecodedMessage[]): SessionUnit[] {
  const groups = Map.groupBy(messages, ({ job }) => toSessionKey(job));
  return [...groups.values()].flatMap((group) => {
    const first = group[0];
    return first ? [{ websiteId: first.job.websiteId, sessionId: first.job.sessionId, messages: group }] : [];
  });
}

/** Splits a unit's messages by whether their `notBeforeMs` has come. */
export function splitByDueTime(
  messages: readonly DecodedMessage[],
  nowMs: number,
): { due: readonly DecodedMessage[]; early: readonly DecodedMessage[] } {
  const isDue = ({ job }: DecodedMessage) => (job.notBeforeMs ?? 0) <= nowMs;
  return { due: messages.filter(isDue), early: messages.filter((message) => !isDue(message)) };
}

/** The invocation of the function within which messages are handled. */
export interface Invocation {
  /** When Lambda ends it, epoch ms. */
  readonly deadlineMs: number;
  /** As its log lines carry it. */
  readonly requestId: string;
}

export interface RefreshOptions {
  readonly signal: AbortSignal;
  /** Told of each request to Crisp as it is sent. */
  readonly onRequest: () => void;
}

/** What the runs of messages that were handled together have in common. */
interface SharedRun {
  readonly session: SessionRef | undefined;
  readonly requestId: string;
  /** Epoch ms. */
  readonly startedMs: number;
}

interface RecordRunsDependencies {
  readonly runLog: RunLog;
  readonly bestEffort: BestEffort;
  readonly clock: Clock;
}

export type RecordRuns = ReturnType<typeof createRecordRuns>;

/** Writes down what each receive came to. Never throws: without the run log the pipeline is only less talkative. */
export function createRecordRuns({ runLog, bestEffort, clock }: RecordRunsDependencies) {
  return async (settled: readonly SettledMessage[], shared: SharedRun): Promise<void> => {
    const durationMs = clock.nowMs() - shared.startedMs;
    const runs = settled.flatMap(({ message, end }): Run[] => {
      const { messageId, receiveCount } = message;
      return end ? [{ ...shared, messageId, receiveCount, durationMs, ...end }] : [];
    });
    if (runs.length > 0) await bestEffort('record-runs', () => runLog.record(runs));
  };
}

/** What is known of the earlier receives of a message. */
export interface RecalledFailure {
  /** Which attempt this receive is, 1-based: the ledger's count, or where the ledger is away, that of the receives. */
  readonly attempt: number;
  /** The failure after which no further attempt is made. */
  readonly final: FailureNote | undefined;
}

export type RecallFailure = (message: ReceivedMessage) => Promise<RecalledFailure>;

interface RecallFailureDependencies {
  readonly notes: Pick<MessageNotes, 'readFailure'>;
  readonly bestEffort: BestEffort;
}

/**
 * Looks up what a message's earlier receives came to, so that those which take it to the dead-letter queue cost no call to
 * Crisp. Without the ledger they are tried again each time: dearer, but no less safe.
 */
export function createRecallFailure({ notes, bestEffort }: RecallFailureDependencies): RecallFailure {
  return async ({ messageId, receiveCount }) => {
    // A message that is new has no past, and most are: they cost the ledger nothing.
    if (receiveCount === 1) return { attempt: 1, final: undefined };
    const recalled = await bestEffort('read-failure', async () => ({
      note: await notes.readFailure(messageId),
    }));
    if (!recalled) return { attempt: receiveCount, final: undefined };
    const { note } = recalled;
    return { attempt: (note?.failures ?? 0) + 1, final: note?.isFinal ? note : undefined };
  };
}

/** What one receive of one message came to; what its run shares with others is filled in where runs are recorded. */
export type RunEnd = Pick<
  Run,
  'outcome' | 'attempt' | 'apiCalls' | 'stage' | 'code' | 'status' | 'reason' | 'delaySeconds'
>;

/** A message that was answered for. */
export interface SettledMessage {
  readonly message: ReceivedMessage;
  readonly outcome: MessageOutcome;
  /** Absent where the run log would learn nothing new. */
  readonly end?: RunEnd;
}

/**
 * What becomes of a message. `acknowledged`: its work is durable, SQS may delete it. `retained`: it stays in the queue
 * and is received again when its visibility timeout ends; it is reported as a batch item failure.
 */
export type MessageOutcome =
  | { readonly outcome: 'acknowledged' }
  | { readonly outcome: 'retained'; readonly reason: string };

export const ACKNOWLEDGED: MessageOutcome = { outcome: 'acknowledged' };

/** What a refresh came to; a failure is thrown as `JobError`. `held`: the breaker opened instead of its last step. */
export type RefreshResult =
  | { readonly outcome: 'emitted' | 'unchanged' | 'removed' | 'skipped' }
  | { readonly outcome: 'deferred'; readonly reason: string; readonly delaySeconds: number }
  | { readonly outcome: 'held'; readonly reason: string };
