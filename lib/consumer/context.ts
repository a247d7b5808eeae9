import type { Breaker } from '../breaker/breaker.ts';
import type { Clock } from '../clock.ts';
import type { CrispApi } from '../crisp/client.ts';
import type { FetchConversation } from '../crisp/conversation.ts';
import { type SessionRef, toSessionKey } from '../ids.ts';
import type { MessageNotes } from '../ledger/message-notes.ts';
import type { PersonsSession } from '../ledger/people-notes.ts';
import type { CallQuota } from '../ledger/quota.ts';
import type { RemovedSession } from '../ledger/removal-notes.ts';
import type { Run, RunLog } from '../ledger/runs.ts';
import type { SessionNotes } from '../ledger/session-notes.ts';
import type { BestEffort } from '../ledger/table.ts';
import type { DecodeJobOptions, ReceivedMessage, SessionJob } from '../queue/job.ts';
import type { JobVisibility } from '../queue/visibility.ts';
import type { AnnounceRecord, AnnounceRemoval } from '../record/announce.ts';
import type { RecordArchive } from '../record/archive.ts';
import type { Telemetry } from '../telemetry/events.ts';
import type { RetryPolicy } from './retry.ts';

/** What one instance of the consumer works with. Every function of this folder takes it. */
export interface ConsumerContext {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly decoding: Pick<DecodeJobOptions, 'coalesce' | 'onlyWebsiteId'>;
  readonly policy: ConsumerPolicy;
  /** The instance's own client: a token bucket and connections of its own. */
  readonly crisp: CrispApi;
  readonly fetchConversation: FetchConversation;
  readonly archive: Pick<RecordArchive, 'getLatest' | 'getRecord'>;
  readonly announceRecord: AnnounceRecord;
  readonly announceRemoval: AnnounceRemoval;
  readonly visibility: JobVisibility;
  readonly breaker: Breaker;
  /** The ledger is best effort: without it the consumer makes more calls and logs less, and loses nothing. */
  readonly notes: MessageNotes;
  readonly sessions: Pick<SessionNotes, 'readActivity'>;
  readonly runLog: RunLog;
  /** Rejects where it cannot be noted. */
  readonly noteRemoved: (removed: RemovedSession) => Promise<void>;
  readonly quota: Pick<CallQuota, 'noteSaved'>;
  readonly bestEffort: BestEffort;
}

interface ConsumerPolicy extends RetryPolicy {
  readonly maxAttempts: number;
  /** `COALESCE_MAX_WAIT_SECONDS`. */
  readonly maxWaitSeconds: number;
  /**
   * True where the queue ends with this process and returns what was in flight when both start again: the sessions of a
   * batch are then not hidden beyond it.
   */
  readonly returnsInFlight: boolean;
}

/** The invocation of the function within which messages are handled. */
export interface Invocation {
  /** When Lambda ends it, epoch ms. */
  readonly deadlineMs: number;
  /** As its log lines carry it. */
  readonly requestId: string;
}

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
    return first ? [{ ...toSession(first.job), messages: group }] : [];
  });
}

/** The ids alone, of anything that has them. */
export function toSession({ websiteId, sessionId }: SessionRef): SessionRef {
  return { websiteId, sessionId };
}

/**
 * What becomes of a message. `acknowledged`: its work is durable, SQS may delete it. `retained`: it stays in the queue
 * and is received again when its visibility timeout ends; it is reported as a batch item failure.
 */
export type MessageOutcome =
  | { readonly outcome: 'acknowledged' }
  | { readonly outcome: 'retained'; readonly reason: string };

export const ACKNOWLEDGED: MessageOutcome = { outcome: 'acknowledged' };

/** A message whose outcome is decided. */
export interface SettledMessage {
  readonly message: ReceivedMessage;
  readonly outcome: MessageOutcome;
  /** Absent where the run log would learn nothing new. */
  readonly end?: RunEnd;
  /** Where it was fetched, and belongs to a person. */
  readonly person?: PersonsSession | undefined;
}

/** How one receive of one message ended. What its run shares with others is filled in by `recordRuns`. */
export type RunEnd = Pick<
  Run,
  'outcome' | 'attempt' | 'apiCalls' | 'stage' | 'code' | 'status' | 'reason' | 'delaySeconds'
>;

export interface RefreshOptions {
  readonly signal: AbortSignal;
  /** Called for each request to Crisp as it is sent. */
  readonly onRequest: () => void;
  /** Hides the messages beyond the invocation: to be called before what may kill it. */
  readonly lease?: () => Promise<void>;
}

/** How a refresh ended; a failure is thrown as `JobError`. `held`: the breaker opened instead of its last step. */
export type RefreshResult =
  | { readonly outcome: 'emitted' | 'unchanged'; readonly person: PersonsSession | undefined }
  | { readonly outcome: 'removed' | 'skipped' | 'covered' | 'superseded' }
  | { readonly outcome: 'deferred'; readonly reason: string; readonly delaySeconds: number }
  | { readonly outcome: 'held'; readonly reason: string };
