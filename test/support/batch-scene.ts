import { processBatch } from '../../lib/consumer/batch.ts';
import type { ConsumerContext, SessionUnit } from '../../lib/consumer/context.ts';
import { refreshSession } from '../../lib/consumer/refresh.ts';
import type { FetchConversation, FetchedConversation } from '../../lib/crisp/conversation.ts';
import type { RemovedSession } from '../../lib/ledger/removal-notes.ts';
import { createBestEffort } from '../../lib/ledger/table.ts';
import { decodeJob, type ReceivedMessage } from '../../lib/queue/job.ts';
import type { StoredLatest } from '../../lib/record/archive.ts';
import { createMemoryBreaker } from './breaker-scene.ts';
import { aMessage, aSession } from './builders.ts';
import { aCrispApi } from './crisp.ts';
import {
  createMemoryMessageNotes,
  createMemoryRunLog,
  createMemorySessionNotes,
  createRecordingTelemetry,
} from './memory.ts';
import { createVirtualClock } from './virtual-clock.ts';

const COALESCE = { coalesceSeconds: 60, marginSeconds: 10 };
export const REQUEST_ID = 'request-1';
export const MAX_ATTEMPTS = 5;
export const emitted: FetchConversation = async ({ websiteId, sessionId }) => ({
  ...aConversation(),
  websiteId,
  sessionId,
});

/** The consumer around a Crisp, an archive and announcements that the test decides about. */
function createContext(random: () => number) {
  const clock = createVirtualClock();
  const telemetry = createRecordingTelemetry();
  const hidden = new Map<string, number>();
  const deleted = new Set<string>();
  const crisp = { website: async () => ({}) };
  const archived: { latest: StoredLatest | undefined; record?: string } = { latest: undefined };
  const announced: unknown[] = [];
  const unchanged = new Set<string>();
  const removals: string[] = [];
  const noted: RemovedSession[] = [];
  const runLog = createMemoryRunLog();
  const doubles = {
    clock,
    telemetry,
    notes: createMemoryMessageNotes(),
    runLog,
    sessions: createMemorySessionNotes(runLog),
    breaker: createMemoryBreaker(),
    visibility: {
      hideFor: async (handle: string, seconds: number) => void hidden.set(handle, seconds),
      delete: async (handle: string) => void deleted.add(handle),
    },
  };
  const saved: [how: string, count: number][] = [];
  const context = {
    ...doubles,
    decoding: { coalesce: COALESCE, onlyWebsiteId: undefined },
    policy: {
      retryBaseSeconds: 30,
      maxAttempts: MAX_ATTEMPTS,
      maxWaitSeconds: 300,
      random,
      returnsInFlight: false,
    },
    bestEffort: createBestEffort(telemetry),
    crisp: aCrispApi({ getWebsite: () => crisp.website() }),
    noteRemoved: async (removed) => void noted.push(removed),
    quota: { noteSaved: (how, count) => void saved.push([how, count]) },
    archive: { getLatest: async () => archived.latest, getRecord: async () => archived.record },
    announceRecord: async ({ sessionId }, how) => {
      announced.push(how);
      return { outcome: unchanged.has(sessionId) ? 'unchanged' : 'emitted', version: 1 };
    },
    announceRemoval: async (_session, { reason, replaces }) => {
      if (!replaces) return { outcome: 'never-seen' };
      removals.push(reason);
      return { outcome: 'removed', version: 1 };
    },
  } satisfies Omit<ConsumerContext, 'fetchConversation'>;
  return { context, saved, doubles, hidden, deleted, crisp, archived, announced, unchanged, removals, noted };
}

interface BatchSceneOptions {
  readonly refresh?: FetchConversation;
  /** Uniform in [0, 1); 0 makes every wait its shortest. */
  readonly random?: () => number;
}

/** Handles batches around a fetch that the test decides about. */
export function createBatchScene({ refresh = emitted, random = () => 0 }: BatchSceneOptions = {}) {
  const { context, saved, doubles, hidden, deleted, archived, announced, unchanged } = createContext(random);
  const { clock } = doubles;
  const refreshed: SessionUnit[] = [];
  const refreshing = { refresh };
  const fetchConversation: FetchConversation = (session, options) => {
    // The consumer hands over the whole unit.
    refreshed.push(session as SessionUnit);
    return refreshing.refresh(session, options);
  };

  return {
    ...doubles,
    refreshed,
    refreshing,
    archived,
    announced,
    /** Sessions whose record equals what was announced. */
    unchanged,
    /** What was counted as saved. */
    saved,
    isDeleted: (message: ReceivedMessage) => deleted.has(message.receiptHandle),
    hiddenFor: (message: ReceivedMessage) => hidden.get(message.receiptHandle),
    handle: (messages: ReceivedMessage[], deadlineMs = clock.nowMs() + 600_000) =>
      processBatch({ ...context, fetchConversation }, messages, { deadlineMs, requestId: REQUEST_ID }),
  };
}

/** The messages that stay in the queue. */
export function retained(
  outcomes: Awaited<ReturnType<ReturnType<typeof createBatchScene>['handle']>>,
): string[] {
  return [...outcomes]
    .filter(([, outcome]) => outcome.outcome === 'retained')
    .map(([messageId]) => messageId);
}

/** A fetch that fails for one session alone, after `requests` requests to Crisp. */
export function failing(sessionId: string, error: unknown, requests = 1): FetchConversation {
  return async (session, { onRequest } = {}) => {
    if (session.sessionId !== sessionId) return aConversation();
    for (let sent = 0; sent < requests; sent += 1) onRequest?.();
    throw error;
  };
}

/** The messages of a session; of the same `name` they are the same messages, received again. */
export function aUnit({
  name = 'first',
  messages = 1,
  receiveCount = 1,
  modes = [] as string[],
} = {}): SessionUnit {
  const decoded = Array.from({ length: messages }, (_, i) => {
    const message = aMessage({
      messageId: `${name}-${i}`,
      receiveCount,
      job: { mode: modes[i] ?? 'full', bucketMs: 60_000 },
    });
    return { message, job: decodeJob(message.body, { coalesce: COALESCE }).job };
  });
  return { ...aSession(), messages: decoded };
}

/** A fetch of the first test session. */
export function aConversation(
  conversation: Record<string, unknown> = {},
  messages: unknown[] = [],
): FetchedConversation {
  return {
    ...aSession(),
    startedMs: 1,
    conversation,
    messages,
    profile: null,
    mode: 'full',
    messagePages: 1,
    terminatedBy: 'http_200',
    apiCalls: 2,
  };
}

/** A fetch whose answer lacks the newest message. */
export const STALE = aConversation({ preview_message: { fingerprint: 2 } }, [
  { fingerprint: 1, timestamp: 1 },
]);

/** One refresh, around a Crisp, an archive and announcements that the test decides about. */
export function createRefreshScene() {
  const { context, doubles, crisp, archived, announced, removals, noted } = createContext(() => 0);
  const answering = Object.assign(crisp, {
    answer: async (): Promise<FetchedConversation> => aConversation(),
  });
  let requests = 0;
  const onRequest = () => {
    requests += 1;
  };
  const asked: unknown[] = [];
  const fetchConversation: FetchConversation = (_session, options) => {
    asked.push(options);
    return answering.answer();
  };
  const run = (unit: SessionUnit) =>
    refreshSession({ ...context, fetchConversation }, unit, {
      signal: new AbortController().signal,
      onRequest,
    });
  return {
    ...doubles,
    crisp: answering,
    context,
    /** The removals that were noted. */
    noted,
    archived,
    announced,
    /** The options of each fetch. */
    asked,
    removals,
    run,
    requests: () => requests,
  };
}
