import type {
  CancelMessageMoveTaskCommandInput,
  ListMessageMoveTasksCommandInput,
  ListMessageMoveTasksResultEntry,
  StartMessageMoveTaskCommandInput,
} from '@aws-sdk/client-sqs';
import type { VirtualClock } from '../../../support/virtual-clock.ts';
import { toAwsError } from './call.ts';
import type { NamedQueue, QueueMessage, Queues } from './queue.ts';

type MoveTask = {
  -readonly [Field in keyof ListMessageMoveTasksResultEntry]: ListMessageMoveTasksResultEntry[Field];
} & {
  readonly TaskHandle: string;
  readonly SourceArn: string;
  moved: number;
};

export type MoveTasks = ReturnType<typeof createMoveTasks>;

// In steps of a tenth of a second, or slower, the rate is kept well enough.
const STEPS_PER_SECOND = 10;
const MOST_PER_SECOND = 500;

/** The redrive of SQS: one task for a queue, messages with new ids, to where each came from. */
export function createMoveTasks(sqs: Pick<Queues, 'find' | 'all' | 'putBack'>, clock: VirtualClock) {
  const tasks: MoveTask[] = [];

  function step(task: MoveTask, source: NamedQueue): void {
    if (task.Status !== 'RUNNING') return;
    const perStep = Math.max(1, Math.floor(rateOf(task) / STEPS_PER_SECOND));
    const left = (task.ApproximateNumberOfMessagesToMove ?? 0) - task.moved;
    const wanted = Math.min(perStep, left);
    const moved = source.queue.drain(wanted, (message) => move(task, message));
    task.moved += moved;
    task.ApproximateNumberOfMessagesMoved = task.moved;
    if (task.Status !== 'RUNNING') return;
    if (moved < wanted || moved === left) task.Status = 'COMPLETED';
    else scheduleStep(task, source);
  }

  function scheduleStep(task: MoveTask, source: NamedQueue): void {
    const stepMs = Math.ceil(1000 / Math.min(rateOf(task), STEPS_PER_SECOND));
    clock.schedule(clock.nowMs() + stepMs, () => step(task, source));
  }

  function move(task: MoveTask, message: QueueMessage): boolean {
    const arn = task.DestinationArn ?? message.sourceArn;
    const destination = arn === undefined ? undefined : sqs.find(arn);
    if (!destination) {
      Object.assign(task, {
        Status: 'FAILED',
        FailureReason: 'AWS.SimpleQueueService.CouldNotDetermineMessageSource',
      });
      return false;
    }
    sqs.putBack(destination, message);
    return true;
  }

  return {
    isRunning: () => tasks.some(({ Status }) => Status === 'RUNNING'),

    start({
      SourceArn = '',
      DestinationArn,
      MaxNumberOfMessagesPerSecond,
    }: StartMessageMoveTaskCommandInput) {
      const source = sqs.find(SourceArn);
      if (!source) throw toAwsError('ResourceNotFoundException', 404);
      if (DestinationArn !== undefined && !sqs.find(DestinationArn))
        throw toAwsError('ResourceNotFoundException', 404);
      if (![...sqs.all()].some(({ deadLetterArn }) => deadLetterArn === SourceArn))
        throw toAwsError('InvalidParameterValue', 400);
      if (tasks.some((task) => task.SourceArn === SourceArn && task.Status === 'RUNNING'))
        throw toAwsError('UnsupportedOperation', 400);

      const { waiting } = source.queue.count();
      const task: MoveTask = {
        TaskHandle: `task-${tasks.length + 1}`,
        Status: 'RUNNING',
        SourceArn,
        ...(DestinationArn !== undefined && { DestinationArn }),
        ...(MaxNumberOfMessagesPerSecond !== undefined && { MaxNumberOfMessagesPerSecond }),
        ApproximateNumberOfMessagesMoved: 0,
        ApproximateNumberOfMessagesToMove: waiting,
        StartedTimestamp: clock.nowMs(),
        moved: 0,
      };
      tasks.unshift(task);
      scheduleStep(task, source);
      return { TaskHandle: task.TaskHandle };
    },

    list({ SourceArn = '', MaxResults = 1 }: ListMessageMoveTasksCommandInput) {
      if (!sqs.find(SourceArn)) throw toAwsError('ResourceNotFoundException', 404);
      const found = tasks.filter((task) => task.SourceArn === SourceArn).slice(0, MaxResults);
      return { Results: found.map(toListed) };
    },

    cancel({ TaskHandle }: CancelMessageMoveTaskCommandInput) {
      const task = tasks.find((each) => each.TaskHandle === TaskHandle && each.Status === 'RUNNING');
      if (!task) throw toAwsError('ResourceNotFoundException', 404);
      task.Status = 'CANCELLED';
      return { ApproximateNumberOfMessagesMoved: task.moved };
    },
  };
}

function rateOf({ MaxNumberOfMessagesPerSecond = MOST_PER_SECOND }: MoveTask): number {
  return MaxNumberOfMessagesPerSecond;
}

/** Only a task that runs shows the handle by which it can be cancelled. */
function toListed({ TaskHandle, moved, ...task }: MoveTask): ListMessageMoveTasksResultEntry {
  return { ...task, ...(task.Status === 'RUNNING' && { TaskHandle }) };
}
