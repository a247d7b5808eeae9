import {
  CancelMessageMoveTaskCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import type { Behaviour, ConformanceTarget } from './behaviour.ts';
import { first, makeFifoQueue, type TestQueue } from './test-queue.ts';

export const redriveBehaviours: readonly Behaviour[] = [
  {
    title:
      'a redrive without a destination moves dead letters back to the queue that they came from, as new messages',
    passesSeconds: 10,
    async run(target) {
      const { queue, deadLetters, ids } = await makeDeadLetters(target, ['a', 'b']);

      await startRedrive(target, deadLetters);
      await target.pass(10);

      const back = await queue.receive();
      expect(back.map(({ Body }) => Body).sort()).toEqual(['a', 'b']);
      expect(back.map(({ Attributes }) => Attributes?.ApproximateReceiveCount)).toEqual(['1', '1']);
      expect(back.map(({ MessageId }) => MessageId)).not.toEqual(expect.arrayContaining(ids));
      expect(await deadLetters.receiveFor(0, 10)).toEqual([]);
      expect(await latestTask(target, deadLetters)).toMatchObject({
        Status: 'COMPLETED',
        ApproximateNumberOfMessagesMoved: 2,
      });
    },
  },
  {
    title: 'a queue has one redrive at a time, which can be cancelled',
    passesSeconds: 2,
    async run(target) {
      const { deadLetters } = await makeDeadLetters(target, ['a', 'b', 'c', 'd', 'e', 'f']);
      const { TaskHandle } = await startRedrive(target, deadLetters, 1);

      const second = startRedrive(target, deadLetters, 1);
      await expect(second).rejects.toThrow();
      await target.pass(2);
      await target.sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));

      expect((await latestTask(target, deadLetters)).Status).toMatch(/^CANCELL/);
      expect((await deadLetters.receive()).length).toBeGreaterThan(0);
    },
  },
  {
    title: 'a queue that is nobody’s dead-letter queue cannot be redriven',
    async run(target) {
      const queue = await makeFifoQueue(target);

      await expect(startRedrive(target, queue)).rejects.toThrow();
    },
  },
  {
    title:
      'a message that was sent to a dead-letter queue has no source: a redrive without a destination fails on it',
    passesSeconds: 10,
    async run(target) {
      const { deadLetters } = await makeDeadLetters(target, []);
      await deadLetters.sendTo('g', 'sent-here');

      await startRedrive(target, deadLetters);
      await target.pass(10);

      expect(await latestTask(target, deadLetters)).toMatchObject({
        Status: 'FAILED',
        FailureReason: expect.stringMatching(/CouldNotDetermineMessageSource/),
      });
      expect(await deadLetters.bodies()).toEqual(['sent-here']);
    },
  },
  {
    title: 'a dead-letter queue knows the queues that send to it',
    async run(target) {
      const { queue, deadLetters } = await makeDeadLetters(target, []);

      const command = new ListDeadLetterSourceQueuesCommand({ QueueUrl: deadLetters.url });
      const { queueUrls } = await target.sqs.send(command);

      expect(queueUrls).toEqual([queue.url]);
    },
  },
];

/** A queue whose messages `bodies`, each of a group of its own, have become dead letters. */
async function makeDeadLetters(target: ConformanceTarget, bodies: readonly string[]) {
  const deadLetters = await makeFifoQueue(target);
  const policy = { deadLetterTargetArn: await deadLetters.arn(), maxReceiveCount: 1 };
  const queue = await makeFifoQueue(target, { RedrivePolicy: JSON.stringify(policy) });
  const ids: (string | undefined)[] = [];
  for (const body of bodies) ids.push((await queue.sendTo(body, body)).MessageId);
  for (let seen = 0; seen < bodies.length; ) {
    const messages = await queue.receive();
    for (const message of messages) await queue.hide(message, 1);
    seen += messages.length;
  }
  await target.pass(2);
  await queue.receive(); // The one too many.
  return { queue, deadLetters, ids };
}

async function startRedrive(
  { sqs }: ConformanceTarget,
  queue: TestQueue,
  MaxNumberOfMessagesPerSecond?: number,
) {
  const SourceArn = await queue.arn();
  return sqs.send(new StartMessageMoveTaskCommand({ SourceArn, MaxNumberOfMessagesPerSecond }));
}

async function latestTask({ sqs }: ConformanceTarget, queue: TestQueue) {
  const { Results = [] } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn: await queue.arn() }));
  return first(Results);
}
