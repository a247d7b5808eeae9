import { OperationError } from '../../core/errors/operation-error.ts';
import type { SessionRef } from '../../core/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MoveTask, MoveTasks } from '../../ports/move-tasks.ts';
import type { QueueReader } from '../../ports/queue-reader.ts';
import type { RedriveNotes } from '../../ports/redrive-notes.ts';
import { inLanes } from './in-lanes.ts';
import { createRedriveLimit } from './limit-redrives.ts';

export interface RedriveAllDependencies {
  readonly moveTasks: MoveTasks;
  readonly queueReader: QueueReader;
  readonly redriveNotes: RedriveNotes;
  readonly clock: Clock;
}

export interface RedriveAllOptions {
  /** Of the messages, to be counted as redriven. */
  readonly sessions: readonly SessionRef[];
  readonly ratePerSecond: number;
  /** Aborted: the task is cancelled. */
  readonly signal: AbortSignal;
  readonly onProgress?: ((task: MoveTask) => void) | undefined;
}

export interface RedriveAllReport {
  readonly wasCancelled: boolean;
  readonly moved: number;
  /** Of those that were there when it began, how many still are; approximately, as SQS counts. */
  readonly left: number;
  /** Came while it ran. */
  readonly arrived: number;
  readonly ledgerFailure: unknown;
}

export type RedriveAll = ReturnType<typeof createRedriveAll>;

const LANES = 16;
const LOOK_EVERY_MS = 1000;

/**
 * Lets SQS move the whole dead-letter queue back to where it came from, and follows it to its end. SQS moves what is there
 * when it begins. Throws `OperationError` `redrive_running` where another one runs, `redrive_failed` where SQS gives up.
 */
export function createRedriveAll({ moveTasks, queueReader, redriveNotes, clock }: RedriveAllDependencies) {
  return async (options: RedriveAllOptions): Promise<RedriveAllReport> => {
    const { sessions, ratePerSecond, signal, onProgress } = options;
    const limit = createRedriveLimit({ notes: redriveNotes, clock }, Number.POSITIVE_INFINITY);
    await inLanes(sessions, LANES, limit.note);
    const { visible } = await queueReader.describe();
    const ledgerFailure = limit.failure();
    if (signal.aborted) return { wasCancelled: true, moved: 0, left: visible, arrived: 0, ledgerFailure };
    await moveTasks.start({ ratePerSecond });
    const task = await follow(signal, onProgress);
    if (task.status === 'failed') throw toFailure(task);

    const after = await queueReader.describe();
    const left = Math.max(0, visible - task.moved);
    return {
      wasCancelled: task.status !== 'completed',
      moved: task.moved,
      left: Math.min(left, after.visible),
      arrived: Math.max(0, after.visible - left),
      ledgerFailure,
    };
  };

  async function follow(signal: AbortSignal, onProgress: RedriveAllOptions['onProgress']): Promise<MoveTask> {
    for (let isCancelled = false; ; ) {
      const task = await moveTasks.latest();
      if (task && !['running', 'cancelling'].includes(task.status)) return task;
      if (task) onProgress?.(task);
      if (signal.aborted && !isCancelled && task?.handle !== undefined) {
        isCancelled = true;
        await moveTasks.cancel(task.handle);
        continue;
      }
      // An interruption ends the wait, and is answered above.
      await (signal.aborted
        ? clock.sleep(LOOK_EVERY_MS)
        : clock.sleep(LOOK_EVERY_MS, signal).catch(ignoreAbort));
    }
  }
}

function ignoreAbort(): void {}

function toFailure({ moved, failureReason = 'no reason given' }: MoveTask): OperationError {
  const hint = failureReason.includes('CouldNotDetermineMessageSource')
    ? '; somebody has sent a message to the dead-letter queue by hand: drop it, or redrive the others with a filter'
    : '';
  return new OperationError(
    'redrive_failed',
    `SQS gave the redrive up after ${moved} messages: ${failureReason}${hint}`,
  );
}
