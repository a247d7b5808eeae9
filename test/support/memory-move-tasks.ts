import { OperationError } from '../../lib/core/errors/operation-error.ts';
import type { MoveTask, MoveTasks } from '../../lib/ports/move-tasks.ts';

/** SQS's redrive in memory: it moves as many messages between two looks as it is told to. */
export interface MemoryMoveTasks extends MoveTasks {
  /** Messages of the queue that a task moves; the rate with which one was started. */
  readonly rates: readonly number[];
}

export interface MemoryMoveTasksOptions {
  /** Takes up to so many messages from the queue; returns how many it took. */
  readonly take: (count: number) => number;
  readonly perLook?: number;
  readonly failureReason?: string;
}

export function createMemoryMoveTasks({
  take,
  perLook = 2,
  failureReason,
}: MemoryMoveTasksOptions): MemoryMoveTasks {
  const rates: number[] = [];
  let task: MoveTask | undefined;

  function step(running: MoveTask): MoveTask {
    const moved = running.moved + take(perLook);
    if (failureReason !== undefined)
      return { ...running, status: 'failed', handle: undefined, failureReason };
    const isOver = moved === running.moved;
    return isOver ? { ...running, status: 'completed', handle: undefined } : { ...running, moved };
  }

  return {
    rates,
    async start({ ratePerSecond }) {
      if (task?.status === 'running') throw new OperationError('redrive_running', 'running already');
      rates.push(ratePerSecond);
      task = { status: 'running', moved: 0, toMove: undefined, handle: 'task-1', failureReason: undefined };
    },
    async latest() {
      if (task?.status === 'running') task = step(task);
      return task;
    },
    async cancel() {
      if (task) task = { ...task, status: 'cancelled', handle: undefined };
    },
  };
}
