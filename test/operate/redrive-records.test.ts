import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { redriveRecords } from '../../lib/operate/redrive-records.ts';
import { createVirtualClock, untilSettled } from '../support/virtual-clock.ts';

const [SOURCE, DESTINATION] = ['records-undelivered', 'records'].map(
  (name) => `https://sqs.eu-west-1.amazonaws.com/123456789012/${name}`,
) as [string, string];

/** A queue with so many records, each handed out once. */
function createScene(count: number) {
  const client = new SQSClient({ region: 'eu-west-1' });
  const sqs = mockClient(client);
  let left = Array.from({ length: count }, (_, index) => ({
    Body: `record ${index}`,
    ReceiptHandle: `handle-${index}`,
    MessageAttributes: { kind: { DataType: 'String', StringValue: 'conversation.enriched' } },
  }));
  sqs.on(GetQueueAttributesCommand).callsFake(async () => ({
    Attributes: { ApproximateNumberOfMessages: String(left.length) },
  }));
  sqs
    .on(ReceiveMessageCommand)
    .callsFake(async ({ MaxNumberOfMessages }: { MaxNumberOfMessages: number }) => {
      const Messages = left.slice(0, MaxNumberOfMessages);
      left = left.slice(MaxNumberOfMessages);
      return { Messages };
    });
  sqs.on(SendMessageCommand).resolves({ MessageId: 'm' });
  sqs.on(DeleteMessageCommand).resolves({});
  sqs.on(ChangeMessageVisibilityCommand).resolves({});
  const clock = createVirtualClock(1_790_856_000_000);
  const stop = new AbortController();
  const context = { sqs: client, sourceUrl: SOURCE, destinationUrl: DESTINATION, clock };
  const bodies = () => sqs.commandCalls(SendMessageCommand).map(({ args: [{ input }] }) => input.MessageBody);
  return {
    sqs,
    clock,
    stop,
    bodies,
    redrive: (options: Partial<Parameters<typeof redriveRecords>[1]> = {}) =>
      untilSettled(clock, redriveRecords(context, { ratePerSecond: 10, signal: stop.signal, ...options })),
  };
}

test('each record is sent as it was before it is deleted, at the rate', async () => {
  const { redrive, sqs, bodies, clock } = createScene(30);
  const startMs = clock.nowMs();

  expect(await redrive()).toEqual({ found: 30, moved: 30, duplicated: 0, failed: 0, ended: 'complete' });
  expect(new Set(bodies()).size).toBe(30);
  expect(sqs.commandCalls(DeleteMessageCommand)).toHaveLength(30);
  expect(clock.nowMs() - startMs).toBe(2000);
});

test('no more than the most is moved, and the rest is not even received', async () => {
  const { redrive, bodies } = createScene(30);
  expect(await redrive({ max: 12 })).toMatchObject({ found: 12, moved: 12 });
  expect(bodies()).toHaveLength(12);
});

test('an interruption ends it between two steps, and the next run goes on', async () => {
  const { redrive, stop, sqs } = createScene(30);

  const first = await redrive({ onProgress: ({ moved }) => moved === 10 && stop.abort() });
  const rest = await redrive({ signal: new AbortController().signal });

  expect(first).toMatchObject({ found: 30, moved: 10, ended: 'interrupted' });
  expect(rest).toMatchObject({ found: 20, moved: 20, ended: 'complete' });
  expect(sqs.commandCalls(DeleteMessageCommand)).toHaveLength(30);
});

test('a record that is refused is shown again at once, and the others go', async () => {
  const { redrive, sqs } = createScene(3);
  sqs
    .on(SendMessageCommand, { MessageBody: 'record 1' })
    .rejects(Object.assign(new Error('no'), { name: 'InvalidMessageContents' }));

  expect(await redrive()).toMatchObject({ moved: 2, failed: 1 });
  expect(sqs.commandCalls(DeleteMessageCommand)).toHaveLength(2);
  const expected = { ReceiptHandle: 'handle-1', VisibilityTimeout: 0 };
  expect(sqs.commandCalls(ChangeMessageVisibilityCommand)[0]?.args[0].input).toMatchObject(expected);
});

test('what cannot be deleted once it is sent is counted as a duplicate, and nothing is lost', async () => {
  const { redrive, sqs } = createScene(2);
  sqs.on(DeleteMessageCommand, { ReceiptHandle: 'handle-0' }).rejects(new Error('no'));
  expect(await redrive()).toMatchObject({ moved: 1, duplicated: 1, failed: 0 });
});

test('where nothing goes at all, the reason is told with the right that is missing', async () => {
  const { redrive, sqs } = createScene(30);
  sqs
    .on(SendMessageCommand)
    .rejects(Object.assign(new Error('no'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } }));

  await expect(redrive()).rejects.toMatchObject({
    code: 'access_denied',
    message: expect.stringContaining('allow sqs:SendMessage on arn:aws:sqs:eu-west-1:123456789012:records'),
  });
  expect(sqs.commandCalls(DeleteMessageCommand)).toHaveLength(0);
  expect(sqs.commandCalls(ReceiveMessageCommand)).toHaveLength(1);
});
