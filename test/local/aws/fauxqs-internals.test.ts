import { expect, test } from 'vitest';
import {
  INVALID_MESSAGE_BODY_CHAR,
  PersistenceManager,
  S3Store,
  SETTABLE_ATTRIBUTES,
  SnsStore,
  SqsQueue,
  SqsStore,
} from '../../../lib/local/aws/fauxqs-internals.ts';

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
