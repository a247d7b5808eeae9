import { createHash } from 'node:crypto';
import type { SQSEvent } from 'aws-lambda';
import { expect, test } from 'vitest';
import type { Handler } from './support/start-mapping.ts';
import { withTestQueue } from './support/with-test-queue.ts';

const { context, counts, start } = withTestQueue();

test('a record has every field that Lambda gives it', async () => {
  const events: SQSEvent[] = [];
  const sent = await context.aws.send(context.queue, 'group', 'hello');
  const { until } = start((event) => void events.push(event));

  await until('batch-finished');

  const now = String(context.clock.nowMs());
  expect(events[0]?.Records).toEqual([
    {
      messageId: sent.MessageId,
      receiptHandle: expect.stringMatching(/.+/),
      body: 'hello',
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: now,
        SenderId: expect.any(String),
        ApproximateFirstReceiveTimestamp: now,
        SequenceNumber: sent.SequenceNumber,
        MessageGroupId: 'group',
        MessageDeduplicationId: 'hello',
      },
      messageAttributes: {},
      md5OfBody: createHash('md5').update('hello').digest('hex'),
      eventSource: 'aws:sqs',
      eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${context.queue.split('/').at(-1)}`,
      awsRegion: 'us-east-1',
    },
  ]);
});

test('a batch has at most batchSize messages, several of one group among them, in order', async () => {
  const batches: string[][] = [];
  for (const id of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1', 'c2'])
    await context.aws.send(context.queue, id.slice(0, 1), id);
  const { until } = start((event) => void batches.push(event.Records.map(({ body }) => body)));

  await until('batch-finished', 2);

  expect(batches[0]).toEqual(['a1', 'a2', 'a3', 'b1', 'b2']);
  expect(batches[1]).toEqual(['c1', 'c2']);
});

test('successes are deleted, reported failures stay hidden until their visibility ends', async () => {
  for (const id of ['a1', 'b1', 'c1']) await context.aws.send(context.queue, id, id);
  const seen: string[] = [];
  const { until } = start((event) => {
    seen.push(
      ...event.Records.map(({ body, attributes }) => `${body}:${attributes.ApproximateReceiveCount}`),
    );
    const failed = event.Records.filter(
      ({ body, attributes }) => body === 'b1' && attributes.ApproximateReceiveCount === '1',
    );
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  });

  const [first] = await until('batch-finished');
  const between = await counts();
  await context.clock.advance(360_000);
  await until('batch-finished', 2);

  expect(first).toMatchObject({ messages: 3, failed: 1 });
  expect(between).toEqual({ visible: 0, inFlight: 1 });
  expect(seen).toEqual(['a1:1', 'b1:1', 'c1:1', 'b1:2']);
  expect(await counts()).toEqual({ visible: 0, inFlight: 0 });
});

test('a visibility that the handler itself gave to a message is kept when the message fails', async () => {
  await context.aws.send(context.queue, 'a', 'a1');
  const { until } = start(async ({ Records: [record] }) => {
    if (record === undefined || record.attributes.ApproximateReceiveCount === '2') return {};
    await context.aws.hide(context.queue, { ReceiptHandle: record.receiptHandle }, 20);
    return { batchItemFailures: [{ itemIdentifier: record.messageId }] };
  });

  await until('batch-finished');
  await context.clock.advance(19_000);
  const before = await counts();
  await context.clock.advance(1_000);
  await until('batch-finished', 2);

  expect(before).toEqual({ visible: 0, inFlight: 1 });
});

test.each<[string, Handler, string]>([
  ['an exception', () => Promise.reject(new Error('broken')), 'invocation-failed'],
  ['a thrown null', () => Promise.reject(null), 'invocation-failed'],
  [
    'an identifier of no message of the batch',
    () => ({ batchItemFailures: [{ itemIdentifier: 'other' }] }),
    'response-invalid',
  ],
  ['an empty identifier', () => ({ batchItemFailures: [{ itemIdentifier: '' }] }), 'response-invalid'],
  [
    'an identifier that is null',
    () => ({ batchItemFailures: [{ itemIdentifier: null }] }),
    'response-invalid',
  ],
])('%s fails the whole batch: nothing is deleted', async (_name, handler, event) => {
  for (const id of ['a1', 'b1']) await context.aws.send(context.queue, id, id);
  const { until, events } = start(handler);

  await until('batch-finished');

  expect(events.map(({ name }) => name)).toContain(event);
  expect(await counts()).toEqual({ visible: 0, inFlight: 2 });
});
