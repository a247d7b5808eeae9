import type { SessionRef } from '../../core/ids.ts';
import type { Run } from '../../core/run/run.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RunLog } from '../../ports/run-log.ts';
import type { BestEffort } from '../best-effort.ts';
import type { SettledMessage } from './settled-message.ts';

/** What the runs of messages that were handled together have in common. */
export interface SharedRun {
  readonly session: SessionRef | undefined;
  readonly requestId: string;
  /** Epoch ms. */
  readonly startedMs: number;
}

export interface RecordRunsDependencies {
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
