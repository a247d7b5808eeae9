import { decodeJob } from '../../lib/core/job/decode-job.ts';
import type { ReceivedMessage } from '../../lib/core/job/received-message.ts';
import type { SessionUnit } from '../../lib/core/job/session-unit.ts';
import { createBestEffort } from '../../lib/use-cases/best-effort.ts';
import { createDeferMessage } from '../../lib/use-cases/consume/defer-message.ts';
import { createHandleFailure } from '../../lib/use-cases/consume/handle-failure.ts';
import { createDeleteMessage, createHideMessage } from '../../lib/use-cases/consume/hide-message.ts';
import { createProcessBatch } from '../../lib/use-cases/consume/process-batch.ts';
import { createProcessUnit } from '../../lib/use-cases/consume/process-unit.ts';
import { createRecallFailure } from '../../lib/use-cases/consume/recall-failure.ts';
import { createRecordRuns } from '../../lib/use-cases/consume/record-runs.ts';
import type { RefreshOptions, RefreshSession } from '../../lib/use-cases/consume/refresh-session.ts';
import { createRefreshUnit } from '../../lib/use-cases/consume/refresh-unit.ts';
import { createRetainFinal } from '../../lib/use-cases/consume/retain-final.ts';
import { createRetainUnreadable } from '../../lib/use-cases/consume/retain-unreadable.ts';
import { createLeaseBatch } from '../../lib/use-cases/consume/spread-unit.ts';
import { createMemoryBreaker } from './memory-breaker.ts';
import { createMemoryMessageNotes } from './memory-message-notes.ts';
import { createMemoryRunLog } from './memory-run-log.ts';
import { createRecordingTelemetry } from './recording-telemetry.ts';
import { createVirtualClock } from './virtual-clock.ts';

const COALESCE = { coalesceSeconds: 60, marginSeconds: 10 };
export const REQUEST_ID = 'request-1';
export const MAX_ATTEMPTS = 5;
export const emitted: RefreshSession = async () => ({ outcome: 'emitted' });

export interface BatchSceneOptions {
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
