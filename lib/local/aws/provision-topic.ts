import {
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  SetSubscriptionAttributesCommand,
  type SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import type { InfraResource } from './infra-template.ts';

const SUBSCRIPTION_ATTRIBUTES = ['RawMessageDelivery', 'FilterPolicyScope', 'FilterPolicy', 'RedrivePolicy'];

/** Makes the topic and its subscriptions; returns the topic's ARN. */
export async function provisionTopic(
  sns: SNSClient,
  topic: InfraResource,
  subscriptions: readonly InfraResource[],
): Promise<string> {
  const { TopicArn = '' } = await sns.send(
    new CreateTopicCommand({ Name: String(topic.property('TopicName')) }),
  );
  const present = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));

  for (const subscription of subscriptions) {
    const endpoint = String(subscription.property('Endpoint'));
    const found = present.Subscriptions?.find((it) => it.Endpoint === endpoint)?.SubscriptionArn;
    if (found === undefined) await subscribe(sns, TopicArn, subscription);
    else await updateSubscription(sns, found, toAttributes(subscription));
  }
  return TopicArn;
}

async function subscribe(sns: SNSClient, topicArn: string, subscription: InfraResource): Promise<void> {
  await sns.send(
    new SubscribeCommand({
      TopicArn: topicArn,
      Protocol: String(subscription.property('Protocol')),
      Endpoint: String(subscription.property('Endpoint')),
      Attributes: toAttributes(subscription),
    }),
  );
}

/** Sets what differs; a policy that the files no longer have is emptied. */
async function updateSubscription(
  sns: SNSClient,
  subscriptionArn: string,
  wanted: Readonly<Record<string, string>>,
): Promise<void> {
  const { Attributes: present = {} } = await sns.send(
    new GetSubscriptionAttributesCommand({ SubscriptionArn: subscriptionArn }),
  );
  for (const name of SUBSCRIPTION_ATTRIBUTES) {
    const value = wanted[name] ?? (name.endsWith('Policy') ? '' : undefined);
    if (value === undefined || value === (present[name] ?? '')) continue;
    await sns.send(
      new SetSubscriptionAttributesCommand({
        SubscriptionArn: subscriptionArn,
        AttributeName: name,
        AttributeValue: value,
      }),
    );
  }
}

function toAttributes(subscription: InfraResource): Record<string, string> {
  const entries = SUBSCRIPTION_ATTRIBUTES.map((name) => [name, subscription.property(name)] as const);
  return Object.fromEntries(
    entries
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]),
  );
}
