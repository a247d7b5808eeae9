import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../clock.ts';
import { type FauxqsApp, readSqsRequest, type SqsRequest, sendSqsError } from '../fauxqs-internals.ts';
import { type EmbeddedQueue, type EmbeddedSqsStore, type QueuedMessage, readRedrivePolicy } from './queue.ts';

type MoveTaskStatus = 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';

/** A task as ListMessageMoveTasks shows it. */
interface MoveTask {
  readonly TaskHandle: string;
  readonly SourceArn: string;
  readonly DestinationArn?: string;
  readonly MaxNumberOfMessagesPerSecond?: number;
  readonly ApproximateNumberOfMessagesToMove: number;
  readonly StartedTimestamp: number;
  Status: MoveTaskStatus;
  ApproximateNumberOfMessagesMoved: number;
  FailureReason?: string;
}

/** Only a task that runs shows the handle by which it can be cancelled. */
type ListedTask = Omit<MoveTask, 'TaskHandle'> & Partial<Pick<MoveTask, 'TaskHandle'>>;

type MoveRefusal =
  | 'ResourceNotFoundException'
  | 'UnsupportedOperation'
  | 'InvalidParameterValue'
  | 'OverLimit';

type MoveResult<Value> =
  | { readonly outcome: 'done'; readonly value: Value }
  | { readonly outcome: 'refused'; readonly code: MoveRefusal; readonly message: string };

interface StartMoveTask {
  readonly SourceArn: string;
  readonly DestinationArn?: string;
  readonly MaxNumberOfMessagesPerSecond?: number;
}

/** The redrive of SQS: dead letters go back to the queue that each came from, or to a given one. */
interface MessageMoveTasks {
  start(parameters: StartMoveTask): MoveResult<{ TaskHandle: string }>;
  list(sourceArn: string, maxResults?: number): MoveResult<{ Results: ListedTask[] }>;
  cancel(taskHandle: string): MoveResult<{ ApproximateNumberOfMessagesMoved: number }>;
  stop(): void;
}

// SQS moves at most 500 messages a second, and at that rate where none is given.
const MOST_PER_SECOND = 500;
// In steps of a tenth of a second the rate is kept well enough.
const STEPS_PER_SECOND = 10;

function createMessageMoveTasks({
  store,
  clock,
}: {
  store: EmbeddedSqsStore;
  clock: Clock;
}): MessageMoveTasks {
  const tasks: MoveTask[] = [];
  const stopped = new AbortController();

  async function run(task: MoveTask, source: EmbeddedQueue): Promise<void> {
    const rate = task.MaxNumberOfMessagesPerSecond ?? MOST_PER_SECOND;
    const stepMs = 1000 / Math.min(rate, STEPS_PER_SECOND);
    const perStep = Math.max(1, Math.floor(rate / STEPS_PER_SECOND));
    while (task.Status === 'RUNNING') {
      moveSome(task, source, perStep);
      if (task.Status === 'RUNNING') await clock.sleep(stepMs, stopped.signal);
    }
  }

  function moveSome(task: MoveTask, source: EmbeddedQueue, maximum: number): void {
    const left = task.ApproximateNumberOfMessagesToMove - task.ApproximateNumberOfMessagesMoved;
    const wanted = Math.min(maximum, left);
    let isUnknown = false;
    const moved = source.move(wanted, (message) => {
      const destination = findDestination(task, message);
      isUnknown ||= destination === undefined;
      return destination;
    });
    task.ApproximateNumberOfMessagesMoved += moved;
    if (isUnknown) fail(task, 'CouldNotDetermineMessageSource');
    else if (moved < wanted || left === moved) task.Status = 'COMPLETED';
  }

  // A message that was sent to the queue, as opposed to moved there, has no source.
  function findDestination({ DestinationArn }: MoveTask, { deadLetterQueueSourceArn }: QueuedMessage) {
    const arn = DestinationArn ?? deadLetterQueueSourceArn;
    return arn === undefined ? undefined : store.findQueue(arn);
  }

  return {
    start(parameters) {
      const { SourceArn, DestinationArn } = parameters;
      const source = store.findQueue(SourceArn);
      if (!source) return refuse('ResourceNotFoundException', 'The source queue does not exist.');
      if (DestinationArn !== undefined && !store.findQueue(DestinationArn)) {
        return refuse('ResourceNotFoundException', 'The destination queue does not exist.');
      }
      if (!isRateAllowed(parameters.MaxNumberOfMessagesPerSecond)) {
        return refuse('InvalidParameterValue', `A task moves 1 to ${MOST_PER_SECOND} messages per second.`);
      }
      if (findSources(store, SourceArn).length === 0) {
        return refuse('InvalidParameterValue', 'Source queue must be configured as a Dead Letter Queue.');
      }
      if (tasks.some((task) => task.SourceArn === SourceArn && task.Status === 'RUNNING')) {
        return refuse('UnsupportedOperation', 'There is already a task running.');
      }

      const task = createTask(parameters, source, clock);
      tasks.unshift(task);
      run(task, source).catch(() => fail(task, 'Stopped'));
      return { outcome: 'done', value: { TaskHandle: task.TaskHandle } };
    },
    list(sourceArn, maxResults = 1) {
      if (!store.findQueue(sourceArn))
        return refuse('ResourceNotFoundException', 'The source queue does not exist.');
      const ofQueue = tasks.filter(({ SourceArn }) => SourceArn === sourceArn).slice(0, maxResults);
      return { outcome: 'done', value: { Results: ofQueue.map(toListed) } };
    },
    cancel(taskHandle) {
      const task = tasks.find(({ TaskHandle, Status }) => TaskHandle === taskHandle && Status === 'RUNNING');
      if (!task) return refuse('ResourceNotFoundException', 'There is no such running task.');
      task.Status = 'CANCELLED';
      const { ApproximateNumberOfMessagesMoved } = task;
      return { outcome: 'done', value: { ApproximateNumberOfMessagesMoved } };
    },
    stop: () => stopped.abort(),
  };
}

/** The queues that name this one as their dead-letter queue. */
function findSources(store: EmbeddedSqsStore, deadLetterArn: string) {
  return [...store.allQueues()].filter(
    ({ attributes }) => readRedrivePolicy(attributes.RedrivePolicy)?.deadLetterTargetArn === deadLetterArn,
  );
}

function createTask(parameters: StartMoveTask, source: EmbeddedQueue, clock: Clock): MoveTask {
  return {
    ...parameters,
    TaskHandle: randomUUID(),
    Status: 'RUNNING',
    ApproximateNumberOfMessagesMoved: 0,
    ApproximateNumberOfMessagesToMove: Number(source.getAttribute('ApproximateNumberOfMessages')),
    StartedTimestamp: clock.nowMs(),
  };
}

function fail(task: MoveTask, reason: string): void {
  task.Status = 'FAILED';
  task.FailureReason = reason;
}

function isRateAllowed(rate = MOST_PER_SECOND): boolean {
  return Number.isInteger(rate) && rate >= 1 && rate <= MOST_PER_SECOND;
}

function toListed({ TaskHandle, ...task }: MoveTask): ListedTask {
  return task.Status === 'RUNNING' ? { TaskHandle, ...task } : task;
}

function refuse(code: MoveRefusal, message: string): MoveResult<never> {
  return { outcome: 'refused', code, message };
}

/** Adds the redrive of SQS to fauxqs, which does not know it: the three actions of move tasks, and the list of sources. */
export function serveMoveTasks(app: FauxqsApp, store: EmbeddedSqsStore, clock: Clock): void {
  const tasks = createMessageMoveTasks({ store, clock });
  app.addHook('preClose', async () => tasks.stop());
  app.addHook('preHandler', async (request, reply) => {
    const sqs = readSqsRequest(request);
    const result = sqs && answer(sqs, tasks, store);
    if (result === undefined) return undefined;
    if (result.outcome === 'refused') return sendSqsError(reply, result.code, result.message);
    return reply.header('content-type', 'application/x-amz-json-1.0').send(result.value);
  });
}

function answer(
  { action, parameters }: SqsRequest,
  tasks: MessageMoveTasks,
  store: EmbeddedSqsStore,
): MoveResult<object> | undefined {
  switch (action) {
    case 'StartMessageMoveTask':
      return tasks.start(toStart(parameters));
    case 'ListMessageMoveTasks':
      return tasks.list(String(parameters.SourceArn), Number(parameters.MaxResults ?? 1));
    case 'CancelMessageMoveTask':
      return tasks.cancel(String(parameters.TaskHandle));
    case 'ListDeadLetterSourceQueues':
      return listSources(String(parameters.QueueUrl), store);
    default:
      return undefined;
  }
}

function toStart({
  SourceArn,
  DestinationArn,
  MaxNumberOfMessagesPerSecond: rate,
}: SqsRequest['parameters']): StartMoveTask {
  return {
    SourceArn: String(SourceArn),
    ...(DestinationArn !== undefined && { DestinationArn: String(DestinationArn) }),
    ...(rate !== undefined && { MaxNumberOfMessagesPerSecond: Number(rate) }),
  };
}

function listSources(queueUrl: string, store: EmbeddedSqsStore): MoveResult<object> | undefined {
  const arn = store.findQueue(queueUrl)?.arn;
  if (arn === undefined)
    return { outcome: 'refused', code: 'ResourceNotFoundException', message: 'No such queue.' };
  return { outcome: 'done', value: { queueUrls: findSources(store, arn).map(({ url }) => url) } };
}
