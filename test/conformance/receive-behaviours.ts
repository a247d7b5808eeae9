import {
  CancelMessageMoveTaskCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import {
  type Behaviours,
  type ConformanceTarget,
  first,
  makeFifoQueue,
  makeQueue,
  passing,
  type TestQueue,
  withFifo,
  withQueue,
} from './behaviour.ts';

export const visibilityBehaviours: Behaviours = {
  'a message in flight is hidden for the visibility timeout, then received again with a greater count':
    passing(3, async (target) => {
      const queue = await makeQueue(target, { VisibilityTimeout: '2' });
      await queue.send({ MessageBody: 'x' });

      const one = first(await queue.receive());
      const hidden = await queue.receiveFor(0, 10);
      await target.pass(3);
      const two = first(await queue.receive());

      expect(hidden).toEqual([]);
      expect(two.MessageId).toBe(one.MessageId);
      expect([one, two].map(({ Attributes }) => Attributes?.ApproximateReceiveCount)).toEqual(['1', '2']);
      expect(two.Attributes?.ApproximateFirstReceiveTimestamp).toBe(
        one.Attributes?.ApproximateFirstReceiveTimestamp,
      );
      expect(two.Attributes?.SentTimestamp).toBe(one.Attributes?.SentTimestamp);
    }),
  'a visibility of 0 makes a message available at once, and the receive counts': withFifo(async (queue) => {
    await queue.sendTo('g', 'x');

    await queue.hide(first(await queue.receive()), 0);
    const again = first(await queue.receive());

    expect(again.Attributes?.ApproximateReceiveCount).toBe('2');
  }),
  'a changed visibility counts from the change, and locks the group until it ends': passing(
    7,
    async (target) => {
      const queue = await makeFifoQueue(target, { VisibilityTimeout: '1' });
      await queue.sendTo('g', 'x');
      await queue.hide(first(await queue.receive()), 6);
      await target.pass(3);
      const hidden = await queue.receiveFor(0, 10);
      await target.pass(4);

      const back = await queue.bodies();

      expect(hidden).toEqual([]);
      expect(back).toEqual(['x']);
    },
  ),
  'the visibility of a message that is not in flight cannot be changed': passing(3, async (target) => {
    const queue = await makeFifoQueue(target, { VisibilityTimeout: '1' });
    await queue.sendTo('g', 'x');
    const message = first(await queue.receive());
    await target.pass(3);

    const change = queue.hide(message, 10);

    await expect(change).rejects.toThrow();
  }),
  'a delete may be repeated': withQueue(async (queue) => {
    await queue.send({ MessageBody: 'x' });
    const message = first(await queue.receive());

    await queue.delete(message);

    await expect(queue.delete(message)).resolves.toBeDefined();
  }),
  'a queue delay holds for a FIFO queue': passing(5, async (target) => {
    const queue = await makeFifoQueue(target, { DelaySeconds: '4' });
    await queue.sendTo('g', 'x');
    const early = await queue.receiveFor(0, 10);
    await target.pass(5);

    const late = await queue.bodies();

    expect(early).toEqual([]);
    expect(late).toEqual(['x']);
  }),
  // A changed attribute takes up to a minute to be known everywhere.
  'a changed delay of a FIFO queue applies to the messages that are in it': passing(65, async (target) => {
    const queue = await makeFifoQueue(target, { DelaySeconds: '900' });
    await queue.sendTo('g', 'x');
    await queue.setAttributes({ DelaySeconds: '2' });
    await target.pass(65);

    const bodies = await queue.bodies();

    expect(bodies).toEqual(['x']);
  }),
  'a message that was received maxReceiveCount times goes to the dead-letter queue, with its id, body and group':
    passing(2, async (target) => {
      const deadLetters = await makeFifoQueue(target);
      const policy = { deadLetterTargetArn: await deadLetters.arn(), maxReceiveCount: 2 };
      const queue = await makeFifoQueue(target, { RedrivePolicy: JSON.stringify(policy) });
      const { MessageId } = await queue.sendTo('g', 'poison');
      await queue.sendTo('h', 'healthy');

      for (let receives = 0; receives < 2; receives += 1) {
        for (const message of await queue.receive()) {
          if (message.Body === 'poison') await queue.hide(message, 0);
          else await queue.delete(message);
        }
      }
      const left = await queue.bodies();
      await target.pass(2);
      const dead = first(await deadLetters.receive());

      expect(left).toEqual([]);
      expect(dead).toMatchObject({ MessageId, Body: 'poison', Attributes: { MessageGroupId: 'g' } });
    }),
  'a long poll ends when a message arrives': withQueue(async (queue) => {
    const polling = queue.receiveFor(20, 10);
    await queue.send({ MessageBody: 'x' });

    expect(first(await polling).Body).toBe('x');
  }),
};

export const redriveBehaviours: Behaviours = {
  'a redrive without a destination moves dead letters back to the queue that they came from, as new messages':
    passing(10, async (target) => {
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
    }),
  'a queue has one redrive at a time, which can be cancelled': passing(2, async (target) => {
    const { deadLetters } = await makeDeadLetters(target, ['a', 'b', 'c', 'd', 'e', 'f']);
    const { TaskHandle } = await startRedrive(target, deadLetters, 1);

    const second = startRedrive(target, deadLetters, 1);
    await expect(second).rejects.toThrow();
    await target.pass(2);
    await target.sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));

    expect((await latestTask(target, deadLetters)).Status).toMatch(/^CANCELL/);
    expect((await deadLetters.receive()).length).toBeGreaterThan(0);
  }),
  'a queue that is nobody’s dead-letter queue cannot be redriven': withFifo(async (queue, target) => {
    await expect(startRedrive(target, queue)).rejects.toThrow();
  }),
  'a message that was sent to a dead-letter queue has no source: a redrive without a destination fails on it':
    passing(10, async (target) => {
      const { deadLetters } = await makeDeadLetters(target, []);
      await deadLetters.sendTo('g', 'sent-here');

      await startRedrive(target, deadLetters);
      await target.pass(10);

      expect(await latestTask(target, deadLetters)).toMatchObject({
        Status: 'FAILED',
        FailureReason: expect.stringMatching(/CouldNotDetermineMessageSource/),
      });
      expect(await deadLetters.bodies()).toEqual(['sent-here']);
    }),
  'a dead-letter queue knows the queues that send to it': async (target) => {
    const { queue, deadLetters } = await makeDeadLetters(target, []);

    const command = new ListDeadLetterSourceQueuesCommand({ QueueUrl: deadLetters.url });
    const { queueUrls } = await target.sqs.send(command);

    expect(queueUrls).toEqual([queue.url]);
  },
};

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
