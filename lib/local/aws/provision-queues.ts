import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { InfraError } from './infra-error.ts';
import type { InfraResource } from './infra-template.ts';

export interface ProvisionedQueue {
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

/** Makes every queue first and links them then: a redrive policy may name only a queue that exists. */
export async function provisionQueues(
  sqs: SQSClient,
  resources: readonly InfraResource[],
  endpoint: string,
): Promise<ProvisionedQueue[]> {
  const wanted = resources.map((resource) => ({ resource, name: toQueueName(resource) }));
  const urls = await Promise.all(
    wanted.map(({ resource, name }) => findOrCreateQueue(sqs, name, resource, endpoint)),
  );
  return Promise.all(
    wanted.map(async ({ resource, name }, index) => {
      const url = urls[index] ?? '';
      return {
        name,
        url,
        arn: await updateQueue(sqs, url, toAttributes(resource, [...OWN_ATTRIBUTES, ...LINKING_ATTRIBUTES])),
      };
    }),
  );
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
    if (error instanceof QueueDoesNotExist) return undefined;
    throw error;
  }
}

async function createQueue(sqs: SQSClient, name: string, resource: InfraResource): Promise<string> {
  const Attributes = toAttributes(resource, [...FIXED_ATTRIBUTES, ...OWN_ATTRIBUTES]);
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  return QueueUrl;
}

/** Sets what differs; returns the queue's ARN. */
async function updateQueue(
  sqs: SQSClient,
  url: string,
  wanted: Readonly<Record<string, string>>,
): Promise<string> {
  const { Attributes: present = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
  );
  const current: Readonly<Record<string, string | undefined>> = present;
  const changes = Object.entries(wanted).filter(([name, value]) => current[name] !== value);
  if (changes.length > 0) {
    const Attributes = Object.fromEntries(changes);
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes }));
  }
  return present.QueueArn ?? '';
}

function toAttributes(resource: InfraResource, names: readonly string[]): Record<string, string> {
  const entries = names.map((name) => [name, resource.property(name)] as const);
  return Object.fromEntries(
    entries
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]),
  );
}
