import { OperationError } from '../errors.ts';
import { areSpare, planFetches } from '../ledger/quota.ts';
import type { DeadLetterContext } from './context.ts';
import { findRedriveProblem, isUnfiltered } from './filter.ts';
import { type RedriveAllReport, type RedriveSurvey, redriveAll, surveyRedrive } from './move.ts';
import type { MoveTask } from './move-tasks.ts';
import type { PeekReport } from './peek.ts';
import { type RedriveCounts, type RedriveSelectedOptions, redriveSelected } from './redrive-selected.ts';

export interface RedriveOptions extends RedriveSelectedOptions {
  /** Aborted: a queue that has not been looked through until then is moved one by one; undefined: there is time. */
  readonly lookSignal?: AbortSignal;
}

export type RedriveResult =
  /** SQS has moved the whole queue. */
  | ({ readonly by: 'move-task' } & RedriveAllReport)
  /** The messages were enqueued one by one. */
  | ({ readonly by: 'enqueue' } & RedriveCounts & PeekReport)
  /** There was nothing to move, or an interruption came before anything was. */
  | ({ readonly by: 'nothing' } & RedriveSurvey);

/**
 * Brings dead letters back. The whole queue is left to SQS; with a filter, or where some sessions were redriven too often,
 * the day's spare calls are too few or there was no time to look through it, those that may go are enqueued one by one.
 * Throws `OperationError`: `redrive_running`, `queues_equal`, `queue_types_differ`, or what AWS refuses.
 */
export async function redriveDeadLetters(
  context: DeadLetterContext,
  options: RedriveOptions,
): Promise<RedriveResult> {
  refuseWrongQueues(context);
  await refuseWhileRunning(context);
  const { filter, max, ratePerSecond, signal, onProgress } = options;
  if (isUnfiltered(filter) && max === undefined) {
    const found = await surveyRedrive(context, { ...options, signal: options.lookSignal ?? signal });
    if (found.matched === 0 || signal.aborted) return { by: 'nothing', ...found };
    const fetches = found.sessions.length;
    const isWhole = found.ended !== 'interrupted' && found.exhausted === 0;
    if (isWhole && (await areSpare(context, fetches))) {
      await planFetches(context, fetches);
      const report = await redriveAll(context, { found, ratePerSecond, signal, onProgress });
      return { by: 'move-task', ...report, ledgerFailure: found.ledgerFailure ?? report.ledgerFailure };
    }
  }
  return { by: 'enqueue', ...(await redriveSelected(context, options)) };
}

/** What a redrive would move. Throws as that does where the queues cannot be redriven at all. */
export async function previewRedrive(
  context: DeadLetterContext,
  options: RedriveOptions,
): Promise<RedriveSurvey> {
  refuseWrongQueues(context);
  return surveyRedrive(context, options);
}

/** Cancels SQS's redrive and resolves with it as it was. Throws `OperationError` `redrive_not_running`. */
export async function cancelRedrive({ moveTasks }: DeadLetterContext): Promise<MoveTask> {
  const task = await moveTasks.latest();
  if (task?.handle === undefined) {
    throw new OperationError('redrive_not_running', 'no redrive of this queue is running');
  }
  await moveTasks.cancel(task.handle);
  return task;
}

function refuseWrongQueues({ queues }: DeadLetterContext): void {
  const problem = findRedriveProblem(queues);
  if (problem) throw problem;
}

async function refuseWhileRunning({ moveTasks }: DeadLetterContext): Promise<void> {
  const task = await moveTasks.latest();
  if (task?.status !== 'running' && task?.status !== 'cancelling') return;
  const progress = `${task.moved}${task.toMove === undefined ? '' : ` of ${task.toMove}`} moved`;
  throw new OperationError(
    'redrive_running',
    `a redrive of this queue is running already (${progress}): wait for its end, or cancel it`,
  );
}
