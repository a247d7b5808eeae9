import { randomUUID } from 'node:crypto';
import { CreateTopicCommand, PublishCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bodiesOf, type LocalAws, startLocalAws } from '../support/start-local-aws.ts';

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
