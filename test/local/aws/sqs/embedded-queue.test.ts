import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { SqsMessage } from '../../../../lib/local/aws/fauxqs-internals.ts';
import { type MessageLog, openMessageLog } from '../../../../lib/local/aws/sqs/message-log.ts';
import { EmbeddedQueue } from '../../../../lib/local/aws/sqs/queue.ts';
import { aTemporaryFolder } from '../../../support/a-temporary-folder.ts';
import { createVirtualClock } from '../../../support/virtual-clock.ts';

async function openLog(): Promise<MessageLog> {
  return openMessageLog(await aTemporaryFolder());
}

function createQueue(log: MessageLog | undefined, clock = createVirtualClock()): EmbeddedQueue {
  const attributes = { FifoQueue: 'true' };
  return new EmbeddedQueue(['q.fifo', 'http://127.0.0.1/q.fifo', 'arn:q', attributes], { clock, log });
}

function aMessage(deduplicationId: string): SqsMessage {
  return {
    messageId: randomUUID(),
    body: 'x',
    md5OfBody: '',
    messageAttributes: {},
    md5OfMessageAttributes: '',
    sentTimestamp: 0,
    approximateReceiveCount: 0,
    messageGroupId: 'g',
    messageDeduplicationId: deduplicationId,
  };
}

test.each(['add', 'addSent'] as const)(
  'a message that could not be written is not remembered as sent: the second try is no duplicate (%s)',
  async (operation) => {
    const log = await openLog();
    const queue = createQueue({
      ...log,
      [operation]: () => {
        throw new Error('database or disk is full');
      },
    });

    expect(() => queue.enqueue(aMessage('d'))).toThrow(/disk is full/);
    expect(queue.checkDeduplication('d').isDuplicate).toBe(false);
    const restarted = createQueue(log);
    expect(restarted.checkDeduplication('d').isDuplicate).toBe(false);
    expect(restarted.dequeue(1)).toEqual([]);
  },
);

test('a dead letter that cannot be written to its queue stays in the first one', async () => {
  const log = await openLog();
  const queue = createQueue(log);
  queue.setAttributes({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: 'arn:dlq', maxReceiveCount: 1 }),
  });
  queue.enqueue(aMessage('d'));
  queue.dequeue(1, 0);
  const broken = createQueue(undefined);
  broken.takeDeadLetter = () => {
    throw new Error('database or disk is full');
  };

  expect(() => queue.dequeue(1, 0, () => broken)).toThrow(/disk is full/);
  const restarted = createQueue(log);

  expect(restarted.dequeue(1)).toHaveLength(1);
  expect(queue.dequeue(1)).toHaveLength(1);
});

test('sequence numbers grow over a restart, also when the clock went back', async () => {
  const log = await openLog();
  const before = createQueue(log, createVirtualClock(2_000_000_000_000));
  const first = { ...aMessage('d'), sequenceNumber: before.nextSequenceNumber() };
  before.enqueue(first);

  const after = createQueue(log, createVirtualClock(1_900_000_000_000)).nextSequenceNumber();

  expect(BigInt(after)).toBeGreaterThan(BigInt(first.sequenceNumber));
  expect(after).toMatch(/^\d{20}$/);
});

test('a message without a dead-letter queue that exists is received on and on', async () => {
  const queue = createQueue(undefined);
  queue.setAttributes({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: 'arn:none', maxReceiveCount: 1 }),
  });
  queue.enqueue(aMessage('d'));

  const receives = [1, 2, 3].map(() => queue.dequeue(1, 0, () => undefined).length);

  expect(receives).toEqual([1, 1, 1]);
});
