import {
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  SetSubscriptionAttributesCommand,
  type SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { InfraError } from '../../config/infra-resolver.ts';
import type { InfraResource } from '../../config/infra-template.ts';

interface ProvisionedQueue {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
}

// Encryption, access policies and tags have no meaning in an emulator.
const OWN_ATTRIBUTES = [
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'DelaySeconds',
  'FifoThroughputLimit',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'VisibilityTimeout',
];

const FIXED_ATTRIBUTES = ['FifoQueue'];

// They name other queues, which have to exist by then.
const LINKING_ATTRIBUTES = ['RedriveAllowPolicy', 'RedrivePolicy'];

// Without them the pipeline still works: messages are deduplicated by ids that name their session, and nobody waits here
// until a message expires. Other implementations of SQS may not know them.
const SPARE_ATTRIBUTES = new Set([
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'FifoThroughputLimit',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'RedriveAllowPolicy',
]);

/**
 * Makes every queue first and links them then: a redrive policy may name only a queue that exists, and by the ARN that
 * its server gave it, whose region and account may be others than those of the files.
 */
export async function provisionQueues(
  sqs: SQSClient,
  resources: readonly InfraResource[],
  endpoint: string,
): Promise<ProvisionedQueue[]> {
  const wanted = resources.map((resource) => ({ resource, name: toQueueName(resource) }));
  const urls = await Promise.all(
    wanted.map(({ resource, name }) => findOrCreateQueue(sqs, name, resource, endpoint)),
  );
  const present = await Promise.all(urls.map((url) => readAttributes(sqs, url)));
  const queues = wanted.map(({ name }, index) => ({
    name,
    url: urls[index] ?? '',
    arn: present[index]?.QueueArn ?? '',
  }));
  await Promise.all(
    wanted.map(async ({ resource, name }, index) => {
      const attributes = toAttributes(resource, [...OWN_ATTRIBUTES, ...LINKING_ATTRIBUTES]);
      const linked = mapValues(attributes, (value) => withArnsOf(queues, value));
      await updateQueue(sqs, { name, url: urls[index] ?? '', present: present[index] ?? {}, wanted: linked });
    }),
  );
  return queues;
}

/** A text in which the ARNs of the given queues are those that their server gave them. */
function withArnsOf(queues: readonly Pick<ProvisionedQueue, 'name' | 'arn'>[], text: string): string {
  const arns = new Map(queues.map(({ name, arn }) => [name, arn]));
  return text.replace(/arn:aws:sqs:[\w-]*:\w*:([\w.-]+)/g, (arn, name: string) => arns.get(name) || arn);
}

function toQueueName(resource: InfraResource): string {
  const name = resource.property('QueueName');
  if (typeof name === 'string') return name;
  throw new InfraError('infra_incomplete', `${resource.logicalId} needs a QueueName`);
}

async function findOrCreateQueue(
  sqs: SQSClient,
  name: string,
  resource: InfraResource,
  endpoint: string,
): Promise<string> {
  const url = (await findQueueUrl(sqs, name)) ?? (await createQueue(sqs, name, resource));
  // Emulators hand out URLs of host names that do not resolve, and the SDK sends requests to the URL.
  return new URL(new URL(url).pathname, endpoint).href;
}

async function findQueueUrl(sqs: SQSClient, name: string): Promise<string | undefined> {
  try {
    return (await sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl;
  } catch (error) {
    if (error instanceof QueueDoesNotExist || nameOf(error).endsWith('NonExistentQueue')) return undefined;
    throw error;
  }
}

async function createQueue(sqs: SQSClient, name: string, resource: InfraResource): Promise<string> {
  const Attributes = toAttributes(resource, [...FIXED_ATTRIBUTES, ...OWN_ATTRIBUTES]);
  const create = (attributes: typeof Attributes) =>
    sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  const { QueueUrl = '' } = await create(Attributes).catch((error: unknown) => {
    if (!isAttributeRefusal(error)) throw error;
    // The rest is set one by one afterwards, so that it shows which of them is refused.
    return create(toAttributes(resource, FIXED_ATTRIBUTES));
  });
  return QueueUrl;
}

async function readAttributes(
  sqs: SQSClient,
  QueueUrl: string,
): Promise<Readonly<Record<string, string | undefined>>> {
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
  return (await sqs.send(command)).Attributes ?? {};
}

interface QueueUpdate {
  readonly name: string;
  readonly url: string;
  readonly present: Readonly<Record<string, string | undefined>>;
  readonly wanted: Readonly<Record<string, string>>;
}

/** Sets what differs, all at once, or one by one where the server refuses one of them. */
async function updateQueue(sqs: SQSClient, { name, url, present, wanted }: QueueUpdate): Promise<void> {
  const changes = Object.entries(wanted).filter(([attribute, value]) => present[attribute] !== value);
  const set = (entries: typeof changes) =>
    sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: Object.fromEntries(entries) }));
  if (changes.length === 0) return;
  try {
    await set(changes);
  } catch (error) {
    if (!isAttributeRefusal(error)) throw error;
    for (const change of changes) await set([change]).catch((refusal) => forgive(refusal, name, change));
  }
}

function forgive(error: unknown, queueName: string, [attribute, value]: readonly [string, string]): void {
  if (!isAttributeRefusal(error)) throw error;
  if (SPARE_ATTRIBUTES.has(attribute)) return;
  throw new InfraError(
    'infra_unsupported',
    `The given SQS refuses ${attribute} = ${value} for ${queueName} (${nameOf(error)}), and the pipeline needs it: ` +
      'use another server, or unset AWS_ENDPOINT_URL_SQS and AWS_ENDPOINT_URL_SNS',
    { cause: error },
  );
}

/** True where the server objects to what was asked, as opposed to a failure or a missing queue. */
function isAttributeRefusal(error: unknown): boolean {
  return /Attribute|InvalidParameter|InvalidRequest|Validation|Unsupported|NotImplemented/i.test(
    nameOf(error),
  );
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

function mapValues(
  record: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function toAttributes(resource: InfraResource, names: readonly string[]): Record<string, string> {
  const entries = names.map((name) => [name, resource.property(name)] as const);
  return Object.fromEntries(
    entries
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]),
  );
}

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
    const attributes = toSubscriptionAttributes(subscription, queues);
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

function toSubscriptionAttributes(
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
