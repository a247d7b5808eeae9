import {
  CancelMessageMoveTaskCommand,
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { createSqsMoveTasks } from '../../../lib/adapters/sqs/sqs-move-tasks.ts';
import { anAwsError } from '../../support/an-aws-error.ts';

const ARN = 'arn:aws:sqs:eu-west-1:123456789012:q-dlq.fifo';
const QUEUE_URL = 'https://sqs.eu-west-1.amazonaws.com/123456789012/q-dlq.fifo';

function createTasks() {
  const client = new SQSClient({ region: 'eu-west-1' });
  const sqs = mockClient(client);
  sqs.on(GetQueueAttributesCommand).resolves({ Attributes: { QueueArn: ARN } });
  return { sqs, tasks: createSqsMoveTasks(client, QUEUE_URL) };
}

test('a redrive names no destination, so that every message goes back to where it came from', async () => {
  const { sqs, tasks } = createTasks();
  sqs.on(StartMessageMoveTaskCommand).resolves({ TaskHandle: 'task' });

  await tasks.start({ ratePerSecond: 7 });

  expect(sqs.commandCalls(StartMessageMoveTaskCommand)[0]?.args[0].input).toEqual({
    SourceArn: ARN,
    MaxNumberOfMessagesPerSecond: 7,
  });
});

test.each(['UnsupportedOperation', 'AWS.SimpleQueueService.UnsupportedOperation'])(
  'a second one, which SQS refuses with %s, is told as that',
  async (name) => {
    const { sqs, tasks } = createTasks();
    sqs.on(StartMessageMoveTaskCommand).rejects(anAwsError(name));

    await expect(tasks.start({ ratePerSecond: 1 })).rejects.toMatchObject({ code: 'redrive_running' });
  },
);

test('the newest one is told with how far it is', async () => {
  const { sqs, tasks } = createTasks();
  sqs.on(ListMessageMoveTasksCommand).resolves({
    Results: [
      {
        Status: 'RUNNING',
        TaskHandle: 'task',
        ApproximateNumberOfMessagesMoved: 3,
        ApproximateNumberOfMessagesToMove: 9,
      },
    ],
  });

  expect(await tasks.latest()).toEqual({
    status: 'running',
    moved: 3,
    toMove: 9,
    handle: 'task',
    failureReason: undefined,
  });
});

test('a state that nobody knows is no success', async () => {
  const { sqs, tasks } = createTasks();
  sqs.on(ListMessageMoveTasksCommand).resolves({ Results: [{ Status: 'PONDERING' }] });

  expect(await tasks.latest()).toMatchObject({ status: 'failed', moved: 0 });
});

test('where there never was one, there is none', async () => {
  const { sqs, tasks } = createTasks();
  sqs.on(ListMessageMoveTasksCommand).resolves({});

  expect(await tasks.latest()).toBeUndefined();
});

test('to cancel one that has ended meanwhile is no failure', async () => {
  const { sqs, tasks } = createTasks();
  sqs.on(CancelMessageMoveTaskCommand).rejects(anAwsError('ResourceNotFoundException'));

  await expect(tasks.cancel('task')).resolves.toBeUndefined();
});
