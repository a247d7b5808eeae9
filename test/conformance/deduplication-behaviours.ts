import { expect } from 'vitest';
import type { Behaviour } from './behaviour.ts';
import { first, makeFifoQueue } from './test-queue.ts';

export const deduplicationBehaviours: readonly Behaviour[] = [
  {
    title: 'a twin that is sent while the first is delayed is dropped and gets the id of the first',
    passesSeconds: 4,
    async run(target) {
      const queue = await makeFifoQueue(target, { DelaySeconds: '4' });

      const one = await queue.sendTo('g', 'same');
      const two = await queue.sendTo('g', 'same');
      await target.pass(4);

      expect(two.MessageId).toBe(one.MessageId);
      expect(await queue.bodies()).toEqual(['same']);
    },
  },
  {
    title: 'a twin that is sent after the first was deleted is dropped',
    async run(target) {
      const queue = await makeFifoQueue(target);
      const one = await queue.sendTo('g', 'same');
      await queue.delete(first(await queue.receive()));

      const two = await queue.sendTo('g', 'same');

      expect(two.MessageId).toBe(one.MessageId);
      expect(await queue.bodies()).toEqual([]);
    },
  },
  {
    title: 'after five minutes a twin is a new message',
    passesSeconds: 301,
    async run(target) {
      const queue = await makeFifoQueue(target);
      const one = await queue.sendTo('g', 'same');
      await queue.delete(first(await queue.receive()));
      await target.pass(301);

      const two = await queue.sendTo('g', 'same');

      expect(two.MessageId).not.toBe(one.MessageId);
      expect(await queue.bodies()).toEqual(['same']);
    },
  },
  {
    title: 'with DeduplicationScope messageGroup, equal ids of two groups are two messages',
    async run(target) {
      const queue = await makeFifoQueue(target);

      await queue.sendTo('g1', 'same');
      await queue.sendTo('g2', 'same');
      await queue.sendTo('g2', 'same');

      const received = await queue.receive();
      expect(received.map(({ Attributes }) => Attributes?.MessageGroupId).sort()).toEqual(['g1', 'g2']);
      expect(received.map(({ Attributes }) => Attributes?.MessageDeduplicationId)).toEqual(['same', 'same']);
    },
  },
  {
    title: 'with DeduplicationScope queue, equal ids of two groups are one message',
    async run(target) {
      const queue = await makeFifoQueue(target, {
        DeduplicationScope: 'queue',
        FifoThroughputLimit: 'perQueue',
      });

      await queue.sendTo('g1', 'same');
      await queue.sendTo('g2', 'same');

      expect(await queue.bodies()).toEqual(['same']);
    },
  },
  {
    title: 'a group id or deduplication id of more than 128 characters is refused',
    async run(target) {
      const queue = await makeFifoQueue(target);

      await expect(queue.sendTo('g', 'd'.repeat(129))).rejects.toThrow(/invalid/i);
      await expect(queue.sendTo('g'.repeat(129), 'd')).rejects.toThrow(/invalid/i);
      await expect(queue.sendTo('g'.repeat(128), 'd'.repeat(128))).resolves.toHaveProperty('MessageId');
    },
  },
];
