import { decodeJob } from '../../lib/core/job/decode-job.ts';
import type { ReceivedMessage } from '../../lib/core/job/received-message.ts';
import type { SessionUnit } from '../../lib/core/job/session-unit.ts';
import { createBestEffort } from '../../lib/use-cases/best-effort.ts';
import { createHideMessage } from '../../lib/use-cases/hide-message.ts';
import { createProcessBatch } from '../../lib/use-cases/process-batch.ts';
import { createProcessUnit } from '../../lib/use-cases/process-unit.ts';
import type { RefreshResult } from '../../lib/use-cases/refresh-result.ts';
import { createRetainFailed } from '../../lib/use-cases/retain-failed.ts';
import { createVerdicts } from '../../lib/use-cases/verdicts.ts';
import { createMemoryMessageNotes } from './memory-message-notes.ts';
import { createRecordingTelemetry } from './recording-telemetry.ts';
import { createVirtualClock } from './virtual-clock.ts';

export type Refresh = (unit: SessionUnit, signal: AbortSignal) => Promise<RefreshResult>;

const COALESCE = { coalesceSeconds: 60, marginSeconds: 10 };
export const emitted: Refresh = async () => ({ outcome: 'emitted' });

/** The consumer's use-cases around a refresh that the test decides about. */
export function createBatchScene({ refresh = emitted }: { refresh?: Refresh } = {}) {
  const clock = createVirtualClock();
  const telemetry = createRecordingTelemetry();
  const notes = createMemoryMessageNotes();
  const hidden = new Map<string, number>();
  const refreshed: SessionUnit[] = [];
  const visibility = { hideFor: async (handle: string, seconds: number) => void hidden.set(handle, seconds) };
  const hideMessage = createHideMessage(visibility, telemetry);
  const retainFailed = createRetainFailed({
    hideMessage,
    policy: { retryBaseSeconds: 30, random: () => 0 },
    telemetry,
  });
  const verdicts = createVerdicts({ notes, bestEffort: createBestEffort(telemetry), clock });
  const refreshSession: Refresh = async (unit, signal) => {
    refreshed.push(unit);
    return refresh(unit, signal);
  };
  const processBatch = createProcessBatch({
    decode: ({ body, sentMs }: ReceivedMessage) =>
      decodeJob(body, { coalesce: COALESCE, ...(sentMs !== undefined && { sentMs }) }),
    processUnit: createProcessUnit({ clock, refreshSession, hideMessage, retainFailed, verdicts, telemetry }),
    retainFailed,
    telemetry,
  });
  const inTenMinutes = clock.nowMs() + 600_000;

  return {
    clock,
    telemetry,
    notes,
    refreshed,
    visibility,
    hiddenFor: (message: ReceivedMessage) => hidden.get(message.receiptHandle),
    handle: (messages: ReceivedMessage[], deadlineMs = inTenMinutes) => processBatch(messages, deadlineMs),
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

/** A refresh that fails for one session alone. */
export function failing(sessionId: string, error: unknown): Refresh {
  return async (unit) => {
    if (unit.sessionId === sessionId) throw error;
    return { outcome: 'emitted' };
  };
}
