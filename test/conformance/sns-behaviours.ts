import {
  CreateTopicCommand,
  DeleteTopicCommand,
  type MessageAttributeValue,
  PublishCommand,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { expect } from 'vitest';
import { type Behaviours, type ConformanceTarget, first, having, makeQueue } from './behaviour.ts';

const KIB = 1024;

export const snsBehaviours: Behaviours = {
  'raw delivery: the body is what was published, the attributes become attributes of the SQS message': having(
    makeTopic,
    async (topic) => {
      const queue = await topic.subscribe({ RawMessageDelivery: 'true' });

      await topic.publish('{"a":1}', { kind: 'enriched' });

      const message = first(await queue.receive());
      expect(message.Body).toBe('{"a":1}');
      expect(message.MessageAttributes).toMatchObject({
        kind: { DataType: 'String', StringValue: 'enriched' },
      });
    },
  ),
  'without raw delivery the body is an envelope': having(makeTopic, async (topic) => {
    const queue = await topic.subscribe({});

    await topic.publish('text', { kind: 'enriched' });

    expect(JSON.parse(first(await queue.receive()).Body ?? '')).toMatchObject({
      Type: 'Notification',
      Message: 'text',
      TopicArn: topic.arn,
      MessageAttributes: { kind: { Type: 'String', Value: 'enriched' } },
    });
  }),
  'every subscriber gets its own copy': having(makeTopic, async (topic) => {
    const queues = [
      await topic.subscribe({ RawMessageDelivery: 'true' }),
      await topic.subscribe({ RawMessageDelivery: 'true' }),
    ];

    await topic.publish('x', {});

    for (const queue of queues) expect(await queue.bodies()).toEqual(['x']);
  }),
  'a filter policy lets through what matches on every attribute that it names, and nothing else': having(
    makeTopic,
    async (topic) => {
      const queue = await topic.subscribe({
        RawMessageDelivery: 'true',
        FilterPolicy: JSON.stringify({ state: ['resolved', 'pending'], inbox_id: [{ exists: false }] }),
      });

      await topic.publish('wrong-state', { state: 'unresolved' });
      await topic.publish('no-state', {});
      await topic.publish('has-inbox', { state: 'resolved', inbox_id: 'b' });
      await topic.publish('match', { state: 'pending', kind: 'other' });

      expect(await queue.bodies()).toEqual(['match']);
    },
  ),
  'a filter policy knows prefix and anything-but': having(makeTopic, async (topic) => {
    const queue = await topic.subscribe({
      RawMessageDelivery: 'true',
      FilterPolicy: JSON.stringify({
        kind: [{ prefix: 'conversation.' }],
        website_id: [{ 'anything-but': ['w2'] }],
      }),
    });

    await topic.publish('other-kind', { kind: 'note', website_id: 'w1' });
    await topic.publish('other-website', { kind: 'conversation.removed', website_id: 'w2' });
    await topic.publish('match', { kind: 'conversation.enriched', website_id: 'w1' });

    expect(await queue.bodies()).toEqual(['match']);
  }),
  'a filter policy finds one of the values of a String.Array': having(makeTopic, async (topic) => {
    const queue = await topic.subscribe({
      RawMessageDelivery: 'true',
      FilterPolicy: JSON.stringify({ segments: ['vip'] }),
    });
    const segments = (...values: string[]): Record<string, MessageAttributeValue> => ({
      segments: { DataType: 'String.Array', StringValue: JSON.stringify(values) },
    });

    await topic.publish('miss', segments('chat', 'new'));
    await topic.publish('hit', segments('chat', 'vip'));

    expect(await queue.bodies()).toEqual(['hit']);
  }),
  'a message of 256 KiB is published, a longer one is refused': having(makeTopic, async (topic) => {
    const queue = await topic.subscribe({ RawMessageDelivery: 'true' });

    await topic.publish('x'.repeat(256 * KIB), {});
    const tooLong = topic.publish('x'.repeat(256 * KIB + 1), {});

    await expect(tooLong).rejects.toThrow();
    expect(first(await queue.receive()).Body).toHaveLength(256 * KIB);
  }),
};

async function makeTopic(target: ConformanceTarget) {
  const { sns, name, onEnd } = target;
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: name('topic') }));
  onEnd(() => sns.send(new DeleteTopicCommand({ TopicArn })));

  return {
    arn: TopicArn,
    async subscribe(Attributes: Record<string, string>) {
      const queue = await makeQueue(target, { Policy: toPolicy(TopicArn) });
      const Endpoint = await queue.arn();
      await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }));
      return queue;
    },
    publish(Message: string, attributes: Record<string, string | MessageAttributeValue>) {
      const MessageAttributes = Object.fromEntries(
        Object.entries(attributes).map(([key, value]) => [
          key,
          typeof value === 'string' ? { DataType: 'String', StringValue: value } : value,
        ]),
      );
      return sns.send(new PublishCommand({ TopicArn, Message, MessageAttributes }));
    },
  };
}

// From the queue's creation: a policy that is set later takes up to a minute, and what SNS may not deliver is lost.
function toPolicy(topicArn: string): string {
  const Statement = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: '*',
    Condition: { ArnEquals: { 'aws:SourceArn': topicArn } },
  };
  return JSON.stringify({ Version: '2012-10-17', Statement });
}
