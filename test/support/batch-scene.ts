import { createProcessBatch, createProcessUnit } from '../../lib/consumer/batch.ts';
import { createRefreshSession, createRefreshUnit, type RefreshSession } from '../../lib/consumer/refresh.ts';
import { createConfirmRemoval } from '../../lib/consumer/removal.ts';
import {
  createDeferMessage,
  createDeleteMessage,
  createHandleFailure,
  createHideMessage,
  createLeaseBatch,
  createRetainFinal,
  createRetainUnreadable,
} from '../../lib/consumer/settle.ts';
import {
  createRecallFailure,
  createRecordRuns,
  type RefreshOptions,
  type SessionUnit,
} from '../../lib/consumer/unit.ts';
import type { FetchedConversation } from '../../lib/crisp/paging.ts';
import { createBestEffort } from '../../lib/ledger/table.ts';
import { decodeJob, type ReceivedMessage } from '../../lib/queue/job.ts';
import type { StoredLatest } from '../../lib/record/archive.ts';
import { createMemoryBreaker } from './breaker-scene.ts';
import { aMessage, aSession } from './builders.ts';
import { aCrispApi } from './crisp.ts';
import { createMemoryMessageNotes, createMemoryRunLog, createRecordingTelemetry } from './memory.ts';
import { createVirtualClock } from './virtual-clock.ts';

const COALESCE = { coalesceSeconds: 60, marginSeconds: 10 };
export const REQUEST_ID = 'request-1';
export const MAX_ATTEMPTS = 5;
export const emitted: RefreshSession = async () => ({ outcome: 'emitted' });

interface BatchSceneOptions {
  readonly refresh?: RefreshSession;
  /** Uniform in [0, 1); 0 makes every wait its shortest. */
  readonly random?: () => number;
}

/** The consumer's use-cases around a refresh that the test decides about. */
export function createBatchScene({ refresh = emitted, random = () => 0 }: BatchSceneOptions = {}) {
  const clock = createVirtualClock();
  const telemetry = createRecordingTelemetry();
  const notes = createMemoryMessageNotes();
  const runLog = createMemoryRunLog();
  const breaker = createMemoryBreaker();
  const bestEffort = createBestEffort(telemetry);
  const hidden = new Map<string, number>();
  const refreshed: SessionUnit[] = [];
  const refreshing = { refresh };

  const deleted = new Set<string>();
  const visibility = {
    hideFor: async (handle: string, seconds: number) => void hidden.set(handle, seconds),
    delete: async (handle: string) => void deleted.add(handle),
  };
  const hideMessage = createHideMessage(visibility, telemetry);
  const deferMessage = createDeferMessage(hideMessage, telemetry);
  const policy = { retryBaseSeconds: 30, random };
  const handleFailure = createHandleFailure({
    notes,
    bestEffort,
    clock,
    hideMessage,
    maxAttempts: MAX_ATTEMPTS,
    policy,
    telemetry,
  });
  const refreshSession = async (unit: SessionUnit, options: RefreshOptions) => {
    refreshed.push(unit);
    return refreshing.refresh(unit, options);
  };
  const settling = {
    clock,
    recallFailure: createRecallFailure({ notes, bestEffort }),
    retainFinal: createRetainFinal(hideMessage),
    recordRuns: createRecordRuns({ runLog, bestEffort, clock }),
  };
  const refreshUnit = createRefreshUnit({
    clock,
    breaker,
    refreshSession,
    deferMessage,
    handleFailure,
    telemetry,
    random,
  });
  const processBatch = createProcessBatch({
    decode: ({ body, sentMs }: ReceivedMessage) =>
      decodeJob(body, { coalesce: COALESCE, ...(sentMs !== undefined && { sentMs }) }),
    leaseBatch: createLeaseBatch({ clock, hideMessage, random }),
    processUnit: createProcessUnit({
      ...settling,
      deferMessage,
      deleteMessage: createDeleteMessage(visibility, telemetry),
      refreshUnit,
    }),
    retainUnreadable: createRetainUnreadable({ ...settling, handleFailure }),
    telemetry,
  });

  return {
    clock,
    telemetry,
    notes,
    runLog,
    breaker,
    refreshed,
    refreshing,
    visibility,
    isDeleted: (message: ReceivedMessage) => deleted.has(message.receiptHandle),
    hiddenFor: (message: ReceivedMessage) => hidden.get(message.receiptHandle),
    handle: (messages: ReceivedMessage[], deadlineMs = clock.nowMs() + 600_000) =>
      processBatch(messages, { deadlineMs, requestId: REQUEST_ID }),
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

/** A refresh that fails for one session alone, after `requests` requests to Crisp. */
export function failing(sessionId: string, error: unknown, requests = 1): RefreshSession {
  return async (unit, { onRequest }) => {
    if (unit.sessionId !== sessionId) return { outcome: 'emitted' };
    for (let sent = 0; sent < requests; sent += 1) onRequest();
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
    messagePages: 1,
    terminatedBy: 'http_200',
    apiCalls: 2,
  };
}

/** One refresh, around a Crisp, an archive and announcements that the test decides about. */
export function createRefreshScene() {
  const clock = createVirtualClock();
  const telemetry = createRecordingTelemetry();
  const bestEffort = createBestEffort(telemetry);
  const notes = createMemoryMessageNotes();
  const crisp = {
    answer: async (): Promise<FetchedConversation> => aConversation(),
    website: async () => ({}),
  };
  const breaker = createMemoryBreaker();
  const archived: { latest: StoredLatest | undefined } = { latest: undefined };
  const announced: unknown[] = [];
  const removals: string[] = [];

  const confirmRemoval = createConfirmRemoval({
    clock,
    telemetry,
    bestEffort,
    notes,
    crisp: aCrispApi({ getWebsite: () => crisp.website() }),
    breaker,
    policy: { retryBaseSeconds: 30, random: () => 0 },
    announceRemoval: async (_session, { reason, replaces }) => {
      if (!replaces) return { outcome: 'never-seen' };
      removals.push(reason);
      return { outcome: 'removed', version: 1 };
    },
  });
  const refresh = createRefreshSession({
    clock,
    archive: { getLatest: async () => archived.latest },
    notes,
    bestEffort,
    confirmRemoval,
    fetchConversation: () => crisp.answer(),
    announceRecord: async (_fetched, how) => {
      announced.push(how);
      return { outcome: 'emitted', version: 1 };
    },
  });
  let requests = 0;
  const onRequest = () => {
    requests += 1;
  };
  const run = (unit: SessionUnit) => refresh(unit, { signal: new AbortController().signal, onRequest });
  return {
    clock,
    telemetry,
    notes,
    crisp,
    breaker,
    archived,
    announced,
    removals,
    run,
    requests: () => requests,
  };
}
