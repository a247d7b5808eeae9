import type { Clock } from '../../../ports/clock.ts';
import type { FauxqsApp } from '../fauxqs-app.ts';
import type { EmbeddedSqsStore } from './embedded-sqs-store.ts';
import {
  createMessageMoveTasks,
  findSources,
  type MessageMoveTasks,
  type MoveResult,
  type StartMoveTask,
} from './message-move-tasks.ts';
import { readSqsRequest, type SqsRequest } from './read-sqs-request.ts';
import { sendSqsError } from './send-sqs-error.ts';

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
