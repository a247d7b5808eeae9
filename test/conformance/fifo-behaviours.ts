import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import {
  type Behaviours,
  existing,
  first,
  makeFifoQueue,
  passing,
  type TestQueue,
  withFifo,
  withQueue,
} from './behaviour.ts';

export const deduplicationBehaviours: Behaviours = {
  'a twin that is sent while the first is delayed is dropped and gets the id of the first': passing(
    4,
    async (target) => {
      const queue = await makeFifoQueue(target, { DelaySeconds: '4' });

      const one = await queue.sendTo('g', 'same');
      const two = await queue.sendTo('g', 'same');
      await target.pass(4);

      expect(two.MessageId).toBe(one.MessageId);
      expect(await queue.bodies()).toEqual(['same']);
    },
  ),
  'a twin that is sent after the first was deleted is dropped': withFifo(async (queue) => {
    const one = await queue.sendTo('g', 'same');
    await queue.delete(first(await queue.receive()));

    const two = await queue.sendTo('g', 'same');

    expect(two.MessageId).toBe(one.MessageId);
    expect(await queue.bodies()).toEqual([]);
  }),
  'after five minutes a twin is a new message': passing(
    301,
    withFifo(async (queue, target) => {
      const one = await queue.sendTo('g', 'same');
      await queue.delete(first(await queue.receive()));
      await target.pass(301);

      const two = await queue.sendTo('g', 'same');

      expect(two.MessageId).not.toBe(one.MessageId);
      expect(await queue.bodies()).toEqual(['same']);
    }),
  ),
  'with DeduplicationScope messageGroup, equal ids of two groups are two messages': withFifo(
    async (queue) => {
      await queue.sendTo('g1', 'same');
      await queue.sendTo('g2', 'same');
      await queue.sendTo('g2', 'same');

      const received = await queue.receive();
      expect(received.map(({ Attributes }) => Attributes?.MessageGroupId).sort()).toEqual(['g1', 'g2']);
      expect(received.map(({ Attributes }) => Attributes?.MessageDeduplicationId)).toEqual(['same', 'same']);
    },
  ),
  'with DeduplicationScope queue, equal ids of two groups are one message': async (target) => {
    const queue = await makeFifoQueue(target, {
      DeduplicationScope: 'queue',
      FifoThroughputLimit: 'perQueue',
    });

    await queue.sendTo('g1', 'same');
    await queue.sendTo('g2', 'same');

    expect(await queue.bodies()).toEqual(['same']);
  },
  'a group id or deduplication id of more than 128 characters is refused': withFifo(async (queue) => {
    await expect(queue.sendTo('g', 'd'.repeat(129))).rejects.toThrow(/invalid/i);
    await expect(queue.sendTo('g'.repeat(129), 'd')).rejects.toThrow(/invalid/i);
    await expect(queue.sendTo('g'.repeat(128), 'd'.repeat(128))).resolves.toHaveProperty('MessageId');
  }),
};

export const groupBehaviours: Behaviours = {
  'one receive returns several messages of one group, in order, before those of the next group': withFifo(
    async (queue) => {
      await sendAll(queue, ['a1', 'a2', 'b1', 'a3', 'b2']);

      const bodies = await queue.bodies(4);

      expect(bodies.filter((body) => body?.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
      expect(bodies).toHaveLength(4);
    },
  ),
  'a group with a message in flight gives no other message; other groups do': withFifo(async (queue) => {
    await sendAll(queue, ['a1', 'a2', 'b1']);
    await queue.receive(1);

    const bodies = await queue.bodies();

    expect(bodies).toEqual(['b1']);
  }),
  'a group goes on when the last of its messages in flight is deleted': withFifo(async (queue) => {
    await sendAll(queue, ['a1', 'a2', 'a3']);
    const [one, two] = await queue.receive(2);

    await queue.delete(existing(one));
    const stillLocked = await queue.bodies();
    await queue.delete(existing(two));
    const unlocked = await queue.bodies();

    expect(stillLocked).toEqual([]);
    expect(unlocked).toEqual(['a3']);
  }),
  'messages of a group that come back are received in their first order, before later ones': passing(
    3,
    async (target) => {
      const queue = await makeFifoQueue(target, { VisibilityTimeout: '2' });
      await sendAll(queue, ['a1', 'a2']);
      await queue.receive();
      await sendAll(queue, ['a3']);
      await target.pass(3);

      const bodies = await queue.bodies();

      expect(bodies).toEqual(['a1', 'a2', 'a3']);
    },
  ),
  'a message has its group, its deduplication id and a sequence number that grows within the group': withFifo(
    async (queue) => {
      const sent = [await queue.sendTo('g', 'one'), await queue.sendTo('g', 'two')];

      const received = await queue.receive();

      const numbers = received.map(({ Attributes }) => Attributes?.SequenceNumber ?? '');
      expect(numbers).toEqual(sent.map(({ SequenceNumber }) => SequenceNumber));
      expect(numbers.every((number) => /^\d{20}$/.test(number))).toBe(true);
      expect([...numbers].sort()).toEqual(numbers);
      expect(first(received).Attributes).toMatchObject({
        MessageGroupId: 'g',
        MessageDeduplicationId: 'one',
      });
    },
  ),
  'a FIFO queue refuses a delay of a single message, and a message without a group': withFifo(
    async (queue) => {
      const message = { MessageBody: 'x', MessageDeduplicationId: 'x' };

      const delayed = queue.send({ ...message, MessageGroupId: 'g', DelaySeconds: 5 });
      await expect(delayed).rejects.toThrow(/DelaySeconds/);

      const groupless = queue.send(message);
      await expect(groupless).rejects.toThrow(/MessageGroupId/);
    },
  ),
};

/** The group is the first letter. */
async function sendAll(queue: TestQueue, ids: readonly string[]): Promise<void> {
  for (const id of ids) await queue.sendTo(id.slice(0, 1), id);
}

const MIB = 1024 * 1024;

export const messageBehaviours: Behaviours = {
  'a body of 1 MiB is accepted, one byte more is refused': withQueue(async (queue) => {
    await queue.send({ MessageBody: 'x'.repeat(MIB) });
    const tooLong = queue.send({ MessageBody: 'x'.repeat(MIB + 1) });

    await expect(tooLong).rejects.toThrow();
    expect(first(await queue.receive()).Body).toHaveLength(MIB);
  }),
  'a body comes back as it was sent, beyond the basic plane too; U+FFFF is refused': withQueue(
    async (queue) => {
      const text = 'tab\t "quotes" é 漢 😀 \u{10FFFF}';

      await queue.send({ MessageBody: text });
      const refused = queue.send({ MessageBody: 'a\uFFFF' });

      await expect(refused).rejects.toThrow();
      expect(await queue.bodies()).toEqual([text]);
    },
  ),
  'message attributes come back with their types': withQueue(async (queue) => {
    const MessageAttributes = {
      kind: { DataType: 'String', StringValue: 'conversation.enriched' },
      size: { DataType: 'Number', StringValue: '12' },
    };

    await queue.send({ MessageBody: 'x', MessageAttributes });

    expect(first(await queue.receive()).MessageAttributes).toMatchObject(MessageAttributes);
  }),
  'a batch may fail in part: HTTP 200 with the failed entries': withQueue(async (queue, target) => {
    const { Successful, Failed } = await target.sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: queue.url,
        Entries: [
          { Id: 'good', MessageBody: 'x' },
          { Id: 'bad', MessageBody: 'a\uFFFF' },
        ],
      }),
    );

    expect(Successful?.map(({ Id }) => Id)).toEqual(['good']);
    expect(Failed?.map(({ Id, SenderFault }) => [Id, SenderFault])).toEqual([['bad', true]]);
  }),
};
