import { isUnfiltered } from '../../core/dead-letter/dead-letter-filter.ts';
import { findRedriveProblem, type RedriveQueues } from '../../core/dead-letter/find-redrive-problem.ts';
import { OperationError } from '../../core/errors/operation-error.ts';
import type { MoveTask, MoveTasks } from '../../ports/move-tasks.ts';
import type { PeekReport } from './peek-dead-letters.ts';
import type { RedriveAll, RedriveAllReport } from './redrive-all.ts';
import type { RedriveCounts } from './redrive-counts.ts';
import type { RedriveSelected, RedriveSelectedOptions } from './redrive-selected.ts';
import type { RedriveSurvey, SurveyRedrive } from './survey-redrive.ts';

export interface RedriveDeadLettersDependencies {
  readonly queues: RedriveQueues;
  readonly moveTasks: Pick<MoveTasks, 'latest' | 'cancel'>;
  readonly survey: SurveyRedrive;
  readonly redriveAll: RedriveAll;
  readonly redriveSelected: RedriveSelected;
}

export interface RedriveOptions extends Omit<RedriveSelectedOptions, 'onProgress'> {
  readonly onProgress?: (moved: number) => void;
}

export type RedriveResult =
  /** SQS has moved the whole queue. */
  | ({ readonly by: 'move-task' } & RedriveAllReport)
  /** The messages were enqueued one by one. */
  | ({ readonly by: 'enqueue' } & RedriveCounts & PeekReport)
  /** There was nothing to move, or an interruption came before anything was. */
  | ({ readonly by: 'nothing' } & RedriveSurvey);

/**
 * Brings dead letters back. The whole queue is left to SQS; with a filter, or where some sessions were redriven too often
 * and have to stay, the others are enqueued one by one.
 */
export function createRedriveDeadLetters(dependencies: RedriveDeadLettersDependencies) {
  const { queues, moveTasks, survey, redriveAll, redriveSelected } = dependencies;

  return {
    /** What `redrive` would move. Throws as that does where the queues cannot be redriven at all. */
    async preview(options: RedriveOptions): Promise<RedriveSurvey> {
      refuseWrongQueues();
      return survey(options);
    },

    /** Throws `OperationError`: `redrive_running`, `queues_equal`, `queue_types_differ`, or what AWS refuses. */
    async redrive(options: RedriveOptions): Promise<RedriveResult> {
      refuseWrongQueues();
      await refuseWhileRunning();
      const { filter, max, onProgress } = options;
      if (isUnfiltered(filter) && max === undefined) {
        const found = await survey(options);
        if (found.matched === 0 || found.ended === 'interrupted') return { by: 'nothing', ...found };
        if (found.exhausted === 0) return moveAll(found, options);
      }
      const report = await redriveSelected({
        ...options,
        onProgress: onProgress && (({ moved }) => onProgress(moved)),
      });
      return { by: 'enqueue', ...report };
    },

    /** Cancels SQS's redrive and resolves with it as it was. Throws `OperationError` `redrive_not_running`. */
    async cancel(): Promise<MoveTask> {
      const task = await moveTasks.latest();
      if (task?.handle === undefined) {
        throw new OperationError('redrive_not_running', 'no redrive of this queue is running');
      }
      await moveTasks.cancel(task.handle);
      return task;
    },
  };

  async function moveAll(found: RedriveSurvey, options: RedriveOptions): Promise<RedriveResult> {
    const { ratePerSecond, signal, onProgress } = options;
    const report = await redriveAll({
      found,
      ratePerSecond,
      signal,
      onProgress: onProgress && (({ moved }) => onProgress(moved)),
    });
    return { by: 'move-task', ...report, ledgerFailure: found.ledgerFailure ?? report.ledgerFailure };
  }

  function refuseWrongQueues(): void {
    const problem = findRedriveProblem(queues);
    if (problem) throw problem;
  }

  async function refuseWhileRunning(): Promise<void> {
    const task = await moveTasks.latest();
    if (task?.status !== 'running' && task?.status !== 'cancelling') return;
    const progress = `${task.moved}${task.toMove === undefined ? '' : ` of ${task.toMove}`} moved`;
    throw new OperationError(
      'redrive_running',
      `a redrive of this queue is running already (${progress}): wait for its end, or run \`dlq redrive --cancel\``,
    );
  }
}
