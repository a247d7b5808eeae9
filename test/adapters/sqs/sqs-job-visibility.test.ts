import { ChangeMessageVisibilityCommand, DeleteMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { createSqsJobVisibility } from '../../../lib/adapters/sqs/sqs-job-visibility.ts';
import { anAwsError } from '../../support/an-aws-error.ts';

const QUEUE_URL = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-test-sessions.fifo';

function createScene(error?: Error) {
  const client = new SQSClient({ region: 'eu-west-1' });
  const sqs = mockClient(client);
  if (error) sqs.onAnyCommand().rejects(error);
  return { sqs, visibility: createSqsJobVisibility(client, QUEUE_URL) };
}

test('a message is hidden for as many seconds as asked', async () => {
  const { sqs, visibility } = createScene();

  await visibility.hideFor('handle', 90);

  expect(sqs.commandCalls(ChangeMessageVisibilityCommand)[0]?.args[0].input).toEqual({
    QueueUrl: QUEUE_URL,
    ReceiptHandle: 'handle',
    VisibilityTimeout: 90,
  });
});

test('a message is deleted by its receipt handle', async () => {
  const { sqs, visibility } = createScene();

  await visibility.delete('handle');

  const [call] = sqs.commandCalls(DeleteMessageCommand);
  expect(call?.args[0].input).toEqual({ QueueUrl: QUEUE_URL, ReceiptHandle: 'handle' });
});

test('a refused delete names the right that is missing', async () => {
  const { visibility } = createScene(anAwsError('AccessDenied'));

  await expect(visibility.delete('handle')).rejects.toMatchObject({
    reason: 'visibility_failed:access_denied',
    hint: 'allow sqs:DeleteMessage on the sessions queue',
  });
});

test.each([
  ['MessageNotInflight', 'visibility_failed:message_not_inflight', undefined],
  ['ExpiredToken', 'visibility_failed:expired_token', undefined],
  ['AccessDenied', 'visibility_failed:access_denied', expect.stringContaining('sqs:ChangeMessageVisibility')],
])('%s of SQS is %s', async (name, reason, hint) => {
  const { visibility } = createScene(anAwsError(name));

  await expect(visibility.hideFor('handle', 0)).rejects.toMatchObject({ reason, hint });
});
