import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { createSqsSessionQueue } from '../../../lib/adapters/sqs/sqs-session-queue.ts';
import { toCoalescedJob } from '../../../lib/core/job/coalesce.ts';
import { decodeJob } from '../../../lib/core/job/decode-job.ts';
import { aSession } from '../../support/builders.ts';

const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };
const job = toCoalescedJob(aSession(), 'full', 1_790_856_000_123, coalesce);

function createQueue() {
  const client = new SQSClient({ region: 'eu-west-1' });
  return { sqs: mockClient(client), queue: createSqsSessionQueue(client, 'https://sqs.example.com/q.fifo') };
}

test('a job is sent with its group and deduplication id, in a body that decodes to it', async () => {
  const { sqs, queue } = createQueue();
  sqs.on(SendMessageCommand).resolves({ MessageId: 'message-1', SequenceNumber: '17' });

  const queued = await queue.send(job);

  const input = sqs.commandCalls(SendMessageCommand)[0]?.args[0].input;
  expect(queued).toEqual({ messageId: 'message-1', sequenceNumber: '17' });
  expect(input).toMatchObject({ MessageGroupId: job.groupId, MessageDeduplicationId: job.deduplicationId });
  expect(decodeJob(input?.MessageBody ?? '', { coalesce })).toEqual({ job: job.job });
});

test('an answer without a message id is a failure: nothing proves that the job is safe', async () => {
  const { sqs, queue } = createQueue();
  sqs.on(SendMessageCommand).resolves({});

  await expect(queue.send(job)).rejects.toMatchObject({ name: 'MessageIdMissing' });
});
