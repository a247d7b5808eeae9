import { expect } from 'vitest';
import type { Behaviour } from './behaviour.ts';
import { existing, first, makeFifoQueue, type TestQueue } from './test-queue.ts';

export const groupBehaviours: readonly Behaviour[] = [
  {
    title: 'one receive returns several messages of one group, in order, before those of the next group',
    async run(target) {
      const queue = await makeFifoQueue(target);
      await sendAll(queue, ['a1', 'a2', 'b1', 'a3', 'b2']);

      const bodies = await queue.bodies(4);

      expect(bodies.filter((body) => body?.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
      expect(bodies).toHaveLength(4);
    },
  },
  {
    title: 'a group with a message in flight gives no other message; other groups do',
    async run(target) {
      const queue = await makeFifoQueue(target);
      await sendAll(queue, ['a1', 'a2', 'b1']);
      await queue.receive(1);

      const bodies = await queue.bodies();

      expect(bodies).toEqual(['b1']);
    },
  },
  {
    title: 'a group goes on when the last of its messages in flight is deleted',
    async run(target) {
      const queue = await makeFifoQueue(target);
      await sendAll(queue, ['a1', 'a2', 'a3']);
      const [one, two] = await queue.receive(2);

      await queue.delete(existing(one));
      const stillLocked = await queue.bodies();
      await queue.delete(existing(two));
      const unlocked = await queue.bodies();

      expect(stillLocked).toEqual([]);
      expect(unlocked).toEqual(['a3']);
    },
  },
  {
    title: 'messages of a group that come back are received in their first order, before later ones',
    passesSeconds: 3,
    async run(target) {
      const queue = await makeFifoQueue(target, { VisibilityTimeout: '2' });
      await sendAll(queue, ['a1', 'a2']);
      await queue.receive();
      await sendAll(queue, ['a3']);
      await target.pass(3);

      const bodies = await queue.bodies();

      expect(bodies).toEqual(['a1', 'a2', 'a3']);
    },
  },
  {
    title: 'a message has its group, its deduplication id and a sequence number that grows within the group',
    async run(target) {
      const queue = await makeFifoQueue(target);
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
  },
  {
    title: 'a FIFO queue refuses a delay of a single message, and a message without a group',
    async run(target) {
      const queue = await makeFifoQueue(target);
      const message = { MessageBody: 'x', MessageDeduplicationId: 'x' };

      const delayed = queue.send({ ...message, MessageGroupId: 'g', DelaySeconds: 5 });
      await expect(delayed).rejects.toThrow(/DelaySeconds/);

      const groupless = queue.send(message);
      await expect(groupless).rejects.toThrow(/MessageGroupId/);
    },
  },
];

/** The group is the first letter. */
async function sendAll(queue: TestQueue, ids: readonly string[]): Promise<void> {
  for (const id of ids) await queue.sendTo(id.slice(0, 1), id);
}
