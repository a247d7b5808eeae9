import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { createSqsSessionBatches } from '../../../lib/adapters/sqs/sqs-session-batches.ts';
import { toCoalescedJob } from '../../../lib/core/job/coalesce.ts';
import { decodeJob } from '../../../lib/core/job/decode-job.ts';
import { anAwsError } from '../../support/an-aws-error.ts';
import { aSession } from '../../support/builders.ts';
import { untilSettled } from '../../support/until-settled.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };
const QUEUE_URL = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-prod-sessions.fifo';

const jobs = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    toCoalescedJob(aSession(`session_${index}`), 'full', 1_790_856_000_123, coalesce),
  );

interface Entry {
  readonly Id: string;
}

/** A queue that takes what `answer` does not refuse. */
function createQueue(answer: (entries: readonly Entry[], round: number) => object) {
  const client = new SQSClient({ region: 'eu-west-1' });
  const sqs = mockClient(client);
  let round = 0;
  sqs.on(SendMessageBatchCommand).callsFake(async ({ Entries }) => {
    round += 1;
    return answer(Entries, round);
  });
  const clock = createVirtualClock();
  const batches = createSqsSessionBatches({ sqs: client, queueUrl: QUEUE_URL, clock });
  return {
    sendAll: (count: number) => untilSettled(clock, batches.sendAll(jobs(count))),
    sent: () => sqs.commandCalls(SendMessageBatchCommand).map(({ args }) => args[0].input.Entries ?? []),
  };
}

const taken = ({ Id }: Entry) => ({ Id, MessageId: `message-${Id}` });

test('many jobs go in batches of ten, each with its group and deduplication id, in a body that decodes to it', async () => {
  const { sendAll, sent } = createQueue((entries) => ({ Successful: entries.map(taken) }));

  const results = await sendAll(23);

  const expected = jobs(23);
  expect(results).toEqual(
    expected.map((_job, index) => ({ outcome: 'queued', messageId: `message-${index}` })),
  );
  expect(sent().map((entries) => entries.length)).toEqual([10, 10, 3]);
  for (const [index, entry] of sent().flat().entries()) {
    const job = expected[index];
    expect(entry).toMatchObject({
      MessageGroupId: job?.groupId,
      MessageDeduplicationId: job?.deduplicationId,
    });
    expect(decodeJob(entry.MessageBody ?? '', { coalesce })).toEqual({ job: job?.job });
  }
});

test('ids within a batch differ', async () => {
  const { sendAll, sent } = createQueue((entries) => ({ Successful: entries.map(taken) }));

  await sendAll(23);

  for (const entries of sent()) expect(new Set(entries.map(({ Id }) => Id)).size).toBe(entries.length);
});

test('an entry that SQS could not take at the moment is sent again, and no other one', async () => {
  const { sendAll, sent } = createQueue((entries, round) => ({
    Successful: entries.filter(({ Id }) => round > 1 || Id !== '1').map(taken),
    Failed: round > 1 ? [] : [{ Id: '1', SenderFault: false, Code: 'InternalError' }],
  }));

  const results = await sendAll(3);

  expect(results.map(({ outcome }) => outcome)).toEqual(['queued', 'queued', 'queued']);
  expect(sent().map((entries) => entries.map(({ Id }) => Id))).toEqual([['0', '1', '2'], ['1']]);
});

test('an entry that is our fault is failed for good, and not sent again', async () => {
  const { sendAll, sent } = createQueue((entries) => ({
    Successful: entries.filter(({ Id }) => Id !== '1').map(taken),
    Failed: [{ Id: '1', SenderFault: true, Code: 'InvalidMessageContents' }],
  }));

  const results = await sendAll(2);

  expect(results).toEqual([
    { outcome: 'queued', messageId: 'message-0' },
    { outcome: 'failed', code: 'invalid_message_contents', mayRetry: false },
  ]);
  expect(sent()).toHaveLength(1);
});

test('an entry of which SQS says nothing, or no id, was not taken', async () => {
  const { sendAll, sent } = createQueue((entries) => ({
    Successful: entries
      .filter(({ Id }) => Id === '0')
      .map(taken)
      .concat({ Id: '2', MessageId: '' }),
  }));

  const results = await sendAll(3);

  const unanswered = { outcome: 'failed', code: 'unanswered', mayRetry: true };
  expect(results).toEqual([{ outcome: 'queued', messageId: 'message-0' }, unanswered, unanswered]);
  expect(
    sent()
      .slice(1)
      .map((entries) => entries.map(({ Id }) => Id)),
  ).toEqual([
    ['1', '2'],
    ['1', '2'],
    ['1', '2'],
  ]);
});

test('a whole request that fails is told with what to mend', async () => {
  const { sendAll } = createQueue(() => {
    throw anAwsError('AccessDenied', 403);
  });

  await expect(sendAll(1)).rejects.toMatchObject({
    code: 'access_denied',
    message: expect.stringContaining(
      'allow sqs:SendMessage on arn:aws:sqs:eu-west-1:123456789012:crisp-enrich-prod-sessions.fifo',
    ),
  });
});
