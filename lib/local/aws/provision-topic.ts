import {
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  SetSubscriptionAttributesCommand,
  type SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import type { InfraResource } from './infra-template.ts';
import { type ProvisionedQueue, withArnsOf } from './provision-queues.ts';

const SUBSCRIPTION_ATTRIBUTES = ['RawMessageDelivery', 'FilterPolicyScope', 'FilterPolicy', 'RedrivePolicy'];

/** Makes the topic and its subscriptions, by the queues' own ARNs; returns the topic's ARN. */
export async function provisionTopic(
  sns: SNSClient,
  topic: InfraResource,
  subscriptions: readonly InfraResource[],
  queues: readonly ProvisionedQueue[],
): Promise<string> {
  const { TopicArn = '' } = await sns.send(
    new CreateTopicCommand({ Name: String(topic.property('TopicName')) }),
  );
  const present = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));

  for (const subscription of subscriptions) {
    const endpoint = withArnsOf(queues, String(subscription.property('Endpoint')));
    const attributes = toAttributes(subscription, queues);
    const found = present.Subscriptions?.find((it) => it.Endpoint === endpoint)?.SubscriptionArn;
    if (found === undefined) {
      const Protocol = String(subscription.property('Protocol'));
      await sns.send(
        new SubscribeCommand({ TopicArn, Protocol, Endpoint: endpoint, Attributes: attributes }),
      );
    } else await updateSubscription(sns, found, attributes);
  }
  return TopicArn;
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

function toAttributes(
  subscription: InfraResource,
  queues: readonly ProvisionedQueue[],
): Record<string, string> {
  const entries = SUBSCRIPTION_ATTRIBUTES.map((name) => [name, subscription.property(name)] as const);
  return Object.fromEntries(
    entries
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [
        name,
        withArnsOf(queues, typeof value === 'object' ? JSON.stringify(value) : String(value)),
      ]),
  );
}
