import {
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  ReceiveMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, test } from 'vitest';
import { createSqsMoveTasks } from '../../lib/dead-letters/move-tasks.ts';
import { createSqsDeadLetterQueue } from '../../lib/dead-letters/queue.ts';
import { anAwsError } from '../support/aws.ts';

describe('sqs dead letter queue', () => {
  const QUEUE_URL = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-prod-sessions-dlq.fifo';

  function createQueue() {
    const client = new SQSClient({ region: 'eu-west-1' });
    return { sqs: mockClient(client), queue: createSqsDeadLetterQueue(client, QUEUE_URL) };
  }

  const handles = (count: number) => Array.from({ length: count }, (_, index) => `handle-${index}`);

  test('a receive that is repeated gets the messages of the one whose answer was lost', async () => {
    const { sqs, queue } = createQueue();
    sqs.on(ReceiveMessageCommand).resolves({});

    await queue.receive(60);
    await queue.receive(60);

    const inputs = sqs.commandCalls(ReceiveMessageCommand).map(({ args }) => args[0].input);
    const attempts = inputs.map(({ ReceiveRequestAttemptId }) => ReceiveRequestAttemptId);
    expect(inputs[0]).toMatchObject({ VisibilityTimeout: 60, MaxNumberOfMessages: 10 });
    expect(attempts.every((id) => typeof id === 'string')).toBe(true);
    expect(new Set(attempts).size).toBe(2);
  });

  test('attributes that are missing or nonsense are taken for what is harmless', async () => {
    const { sqs, queue } = createQueue();
    sqs.on(ReceiveMessageCommand).resolves({
      Messages: [
        { MessageId: 'a', ReceiptHandle: 'h', Body: 'x', Attributes: { ApproximateReceiveCount: 'abc' } },
        { MessageId: 'b' },
      ],
    });

    expect(await queue.receive(60)).toEqual([
      { messageId: 'a', receiptHandle: 'h', body: 'x', receives: 1, sentMs: undefined },
    ]);
  });

  test('every message is shown again, ten a request, and one that is visible already is no failure', async () => {
    const { sqs, queue } = createQueue();
    sqs.on(ChangeMessageVisibilityBatchCommand).resolves({
      Failed: [{ Id: '0', SenderFault: true, Code: 'MessageNotInflight' }],
    });

    await queue.restore(handles(95));

    const calls = sqs.commandCalls(ChangeMessageVisibilityBatchCommand);
    const batches = calls.map(({ args }) => args[0].input.Entries ?? []);
    expect(batches.every((batch) => batch.length <= 10)).toBe(true);
    const shown = batches.flat().map((entry) => [entry.ReceiptHandle, entry.VisibilityTimeout]);
    expect(shown.sort()).toEqual(
      handles(95)
        .map((handle) => [handle, 0])
        .sort(),
    );
  });

  test('only what SQS says is deleted is deleted', async () => {
    const { sqs, queue } = createQueue();
    sqs.on(DeleteMessageBatchCommand).callsFake(async ({ Entries }) => ({
      Successful: Entries.filter(({ Id }: { Id: string }) => Id === '0'),
      Failed: Entries.filter(({ Id }: { Id: string }) => Id === '1').map((entry: object) => ({
        ...entry,
        SenderFault: true,
        Code: 'ReceiptHandleIsInvalid',
      })),
    }));

    expect(await queue.delete(handles(3))).toEqual([true, false, false]);
    expect(await queue.delete([])).toEqual([]);
  });

  test.each([
    [
      'QueueDoesNotExist',
      400,
      'queue_not_found',
      /^queue 'crisp-enrich-prod-sessions-dlq.fifo' not found in eu-west-1 account 123456789012$/,
    ],
    [
      'AccessDeniedException',
      403,
      'access_denied',
      /allow sqs:ReceiveMessage on arn:aws:sqs:eu-west-1:123456789012:/,
    ],
    ['CredentialsProviderError', undefined, 'no_credentials', /^no AWS credentials found/],
    ['ExpiredTokenException', 403, 'no_credentials', /expired_token/],
    ['ServiceUnavailable', 503, 'aws_failed', /service_unavailable, HTTP 503/],
  ] as const)(
    'C8 C11 C12 %s is told in a sentence that says what to mend, and none of the SDK’s own',
    async (name, status, code, message) => {
      const { sqs, queue } = createQueue();
      sqs.on(ReceiveMessageCommand).rejects(anAwsError(name, status));

      const failure = await queue.receive(60).catch((error: unknown) => error);

      const expected = { name: 'OperationError', code, message: expect.stringMatching(message) };
      expect(failure).toMatchObject(expected);
      expect(String(failure)).not.toContain('canary');
    },
  );
});

describe('sqs move tasks', () => {
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

    const expected = { SourceArn: ARN, MaxNumberOfMessagesPerSecond: 7 };
    expect(sqs.commandCalls(StartMessageMoveTaskCommand)[0]?.args[0].input).toEqual(expected);
  });

  test.each(['UnsupportedOperation', 'AWS.SimpleQueueService.UnsupportedOperation'])(
    'a second one, which SQS refuses with %s, is told as that',
    async (name) => {
      const { sqs, tasks } = createTasks();
      sqs.on(StartMessageMoveTaskCommand).rejects(anAwsError(name));
      await expect(tasks.start({ ratePerSecond: 1 })).rejects.toMatchObject({ code: 'redrive_running' });
    },
  );

  const moving = { ApproximateNumberOfMessagesMoved: 3, ApproximateNumberOfMessagesToMove: 9 };
  const told = { status: 'running', moved: 3, toMove: 9, handle: 'task', failureReason: undefined };
  test.each([
    [
      'the newest one is told with how far it is',
      [{ Status: 'RUNNING', TaskHandle: 'task', ...moving }],
      told,
    ],
    [
      'a state that nobody knows is no success',
      [{ Status: 'PONDERING' }],
      expect.objectContaining({ status: 'failed', moved: 0 }),
    ],
    ['where there never was one, there is none', undefined, undefined],
  ])('%s', async (_title, Results, expected) => {
    const { sqs, tasks } = createTasks();
    sqs.on(ListMessageMoveTasksCommand).resolves({ Results });
    expect(await tasks.latest()).toEqual(expected);
  });

  test('to cancel one that has ended meanwhile is no failure', async () => {
    const { sqs, tasks } = createTasks();
    sqs.on(CancelMessageMoveTaskCommand).rejects(anAwsError('ResourceNotFoundException'));
    await expect(tasks.cancel('task')).resolves.toBeUndefined();
  });
});
