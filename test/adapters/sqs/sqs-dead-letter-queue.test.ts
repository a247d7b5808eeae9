import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { createSqsDeadLetterQueue } from '../../../lib/adapters/sqs/sqs-dead-letter-queue.ts';
import { anAwsError } from '../../support/an-aws-error.ts';

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

  const entries = sqs
    .commandCalls(ChangeMessageVisibilityBatchCommand)
    .map(({ args }) => args[0].input.Entries ?? []);
  expect(entries.every((batch) => batch.length <= 10)).toBe(true);
  expect(
    entries
      .flat()
      .map(({ ReceiptHandle }) => ReceiptHandle)
      .sort(),
  ).toEqual(handles(95).sort());
  expect(entries.flat().every(({ VisibilityTimeout }) => VisibilityTimeout === 0)).toBe(true);
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
  '%s is told in a sentence that says what to mend, and none of the SDK’s own',
  async (name, status, code, message) => {
    const { sqs, queue } = createQueue();
    sqs.on(ReceiveMessageCommand).rejects(anAwsError(name, status));

    const failure = await queue.receive(60).catch((error: unknown) => error);

    expect(failure).toMatchObject({ name: 'OperationError', code, message: expect.stringMatching(message) });
    expect(String(failure)).not.toContain('canary');
  },
);
