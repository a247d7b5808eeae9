import type { JobError } from '../../core/errors/job-error.ts';
import type { ReceivedMessage } from '../../core/job/received-message.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HandleFailure } from './handle-failure.ts';
import type { Invocation } from './process-unit.ts';
import type { RecallFailure } from './recall-failure.ts';
import type { RecordRuns } from './record-runs.ts';
import type { RetainFinal } from './retain-final.ts';
import type { SettledMessage } from './settled-message.ts';

export interface RetainUnreadableDependencies {
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
