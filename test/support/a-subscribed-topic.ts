import { CreateTopicCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { Notice } from '../../lib/core/record/to-notice.ts';
import type { startEmbeddedAws } from './start-embedded-aws.ts';

/** A new topic of the embedded SNS, delivered raw to a queue of its own, and a reader of that queue. */
export async function aSubscribedTopic(aws: Awaited<ReturnType<typeof startEmbeddedAws>>, name: string) {
  await aws.sqs.send(new CreateQueueCommand({ QueueName: name }));
  const { TopicArn: topicArn = '' } = await aws.sns.send(new CreateTopicCommand({ Name: name }));
  await aws.sns.send(
    new SubscribeCommand({
      TopicArn: topicArn,
      Protocol: 'sqs',
      Endpoint: `arn:aws:sqs:us-east-1:000000000000:${name}`,
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );

  return {
    topicArn,
    /** What the queue holds now, up to ten messages. */
    async received(): Promise<Pick<Notice, 'body' | 'attributes'>[]> {
      const { Messages = [] } = await aws.sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: aws.toQueueUrl(name),
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ['All'],
        }),
      );
      return Messages.map(toNotice);
    },
  };
}

function toNotice({ Body = '', MessageAttributes = {} }: Message) {
  const attributes = Object.entries(MessageAttributes).map(([name, { DataType, StringValue = '' }]) => [
    name,
    { type: DataType, value: StringValue },
  ]);
  return { body: Body, attributes: Object.fromEntries(attributes) };
}
