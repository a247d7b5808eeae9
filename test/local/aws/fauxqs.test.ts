import { randomUUID } from 'node:crypto';
import { CreateTopicCommand, PublishCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  INVALID_MESSAGE_BODY_CHAR,
  PersistenceManager,
  S3Store,
  SETTABLE_ATTRIBUTES,
  SnsStore,
  SqsQueue,
  SqsStore,
} from '../../../lib/local/aws/fauxqs-internals.ts';
import { bodiesOf, type LocalAws, startLocalAws } from './support.ts';

describe('fauxqs internals', () => {
  const CLASSES = { PersistenceManager, S3Store, SnsStore, SqsQueue, SqsStore };

  // Local mode replaces or calls these members of a package's private classes. When one is renamed, this is to fail, and
  // not a start in front of somebody.
  test.each([
    [
      'SqsQueue',
      [
        'isFifo',
        'setAttributes',
        'getAttribute',
        'enqueue',
        'dequeue',
        'deleteMessage',
        'changeVisibility',
        'processTimers',
        'waitForMessages',
        'cancelWaiters',
        'purge',
        'inspectMessages',
        'checkDeduplication',
        'recordDeduplication',
        'nextSequenceNumber',
      ],
    ],
    ['SqsStore', ['createQueue', 'deleteQueue', 'getQueue', 'getQueueByArn', 'allQueues', 'shutdown']],
    ['S3Store', ['hasBucket', 'headObject']],
    ['PersistenceManager', ['load', 'insertQueue', 'updateQueueAttributes', 'close']],
    ['SnsStore', ['getSubscription']],
  ] as const)('fauxqs has a class %s with the members that are used', (name, members) => {
    const methods = Object.getOwnPropertyNames(CLASSES[name].prototype);

    expect(methods).toEqual(expect.arrayContaining([...members]));
  });

  test('fauxqs keeps its queues in the maps that local mode writes', () => {
    expect(new SqsStore()).toMatchObject({
      queues: new Map(),
      queuesByName: new Map(),
      queuesByArn: new Map(),
    });
  });

  test('fauxqs has the set of attributes and the expression that local mode extends', () => {
    expect(SETTABLE_ATTRIBUTES.has('VisibilityTimeout')).toBe(true);
    expect(INVALID_MESSAGE_BODY_CHAR.test('\uFFFF')).toBe(true);
  });
});

describe('expand filter policy', () => {
  let local: LocalAws;

  beforeAll(async () => {
    local = await startLocalAws();
  });

  afterAll(() => local.stop());

  /** True where a message whose attribute `segments` is that list passes the policy. */
  async function passes(
    policy: object,
    segments: readonly string[],
    toText = JSON.stringify,
  ): Promise<boolean> {
    const { TopicArn } = await local.sns.send(new CreateTopicCommand({ Name: randomUUID() }));
    const queue = await local.createQueue(randomUUID());
    const { QueueArn } = await local.attributesOf(queue);
    const Attributes = { FilterPolicy: JSON.stringify(policy), RawMessageDelivery: 'true' };
    await local.sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: QueueArn, Attributes }));

    const MessageAttributes = { segments: { DataType: 'String.Array', StringValue: toText(segments) } };
    await local.sns.send(new PublishCommand({ TopicArn, Message: 'x', MessageAttributes }));
    return bodiesOf(await local.receive(queue)).length === 1;
  }

  test.each([
    ['the only element', { segments: ['vip'] }, ['vip'], true],
    ['the first element', { segments: ['vip'] }, ['vip', 'new'], true],
    ['an element in the middle', { segments: ['vip'] }, ['chat', 'vip', 'new'], true],
    ['one of several values', { segments: ['gold', 'vip'] }, ['chat', 'vip'], true],
    ['an element with quotes and umlauts', { segments: ['a "b" ü'] }, ['x', 'a "b" ü'], true],
    ['a prefix of an element', { segments: [{ prefix: 'vi' }] }, ['chat', 'vip'], true],
    ['a suffix of an element', { segments: [{ suffix: 'ip' }] }, ['vip', 'chat'], true],
    ['within $or', { $or: [{ segments: ['vip'] }, { kind: ['x'] }] }, ['a', 'vip'], true],
    ['no element', { segments: ['vip'] }, ['chat', 'vips', 'xvip'], false],
    ['an element that only contains the value', { segments: ['vip'] }, ['x","vip","y'], false],
    ['a prefix in the middle of an element', { segments: [{ prefix: 'vi' }] }, ['xvip'], false],
  ])('%s of a list is found, or not, as SNS does', async (_name, policy, segments, expected) => {
    expect(await passes(policy, segments)).toBe(expected);
  });

  test('a value beyond the basic plane is found in the escaped text that the pipeline publishes', async () => {
    const toEscaped = (value: unknown) => JSON.stringify(value).replace('😀', '\\ud83d\\ude00');

    expect(await passes({ segments: ['😀'] }, ['a', '😀'], toEscaped)).toBe(true);
  });
});
