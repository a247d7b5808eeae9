import { fileURLToPath } from 'node:url';
import {
  type AttributeDefinition,
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  type GlobalSecondaryIndex,
  type KeySchemaElement,
  ResourceNotFoundException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import {
  CreateBucketCommand,
  HeadBucketCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { mapStageQueues, type StageQueue, toQueueName } from '../../aws/queues.ts';
import { InfraError, type InfraVariables } from '../../config/infra-resolver.ts';
import { type InfraResource, type InfraTemplate, loadInfraTemplate } from '../../config/infra-template.ts';
import { toPrintable } from '../../text.ts';
import {
  type AwsEndpoints,
  type AwsServiceName,
  createLocalAwsClients,
  type LocalAwsClients,
} from './endpoints.ts';
import { provisionQueues, provisionTopic } from './provision-messaging.ts';

export interface ProvisionedResources {
  readonly queues: Readonly<Record<StageQueue, string>>;
  readonly queueArns: Readonly<Record<StageQueue, string>>;
  readonly topicArn: string;
  readonly bucket: string;
  readonly table: string;
}

interface ProvisionOptions {
  readonly endpoints: AwsEndpoints;
  /** Those of them that are not embedded: what they refuse is explained, not shown as a defect of ours. */
  readonly givenEndpoints?: Partial<AwsEndpoints> | undefined;
  readonly settings: InfraVariables;
  readonly stage?: string;
  readonly region?: string;
  /** Where the infra files are; by default this repository's. */
  readonly infraDirectory?: string;
}

/** The folder of the files that the template on AWS includes as well. */
export const INFRA_DIRECTORY = fileURLToPath(new URL('../../../infra/', import.meta.url));

/**
 * Makes the resources of the infra files: creates what is missing and gives what exists the attributes of the files, so
 * that a changed number takes effect on kept data too. May be repeated. Rejects with `InfraError` where the files do not
 * hold a resource of the pipeline, or a given endpoint refuses one, otherwise with the SDK's error.
 */
export async function provisionResources({
  endpoints,
  givenEndpoints = {},
  settings,
  stage = 'local',
  region = 'us-east-1',
  infraDirectory = INFRA_DIRECTORY,
}: ProvisionOptions): Promise<ProvisionedResources> {
  const template = await loadInfraTemplate(infraDirectory, { stage, settings, region });
  const clients = createLocalAwsClients(endpoints, region);
  try {
    return await provision(template, clients, { stage, sqsEndpoint: endpoints.sqs, givenEndpoints });
  } finally {
    clients.destroy();
  }
}

/** Makes the resources of a template by clients that exist. */
export async function provision(
  template: InfraTemplate,
  clients: LocalAwsClients,
  options: { stage: string; sqsEndpoint: string; givenEndpoints: Partial<AwsEndpoints> },
): Promise<ProvisionedResources> {
  const { stage, sqsEndpoint, givenEndpoints } = options;
  const at = (service: AwsServiceName) => explainRefusalOf(service, givenEndpoints[service]);
  const [queues, bucket, table] = await Promise.all([
    provisionQueues(clients.sqs, template.resources('AWS::SQS::Queue'), sqsEndpoint).catch(at('sqs')),
    provisionBucket(clients.s3, onlyOne(template, 'AWS::S3::Bucket')).catch(at('s3')),
    provisionTable(clients.dynamodb, onlyOne(template, 'AWS::DynamoDB::Table')).catch(at('dynamodb')),
  ]);
  const topicArn = await provisionTopic(
    clients.sns,
    topicNamed(template, `crisp-enrich-${stage}-records`),
    template.resources('AWS::SNS::Subscription'),
    queues,
  ).catch(at('sns'));

  const named = new Map(queues.map((queue) => [queue.name, queue]));
  return {
    queues: mapStageQueues((key) => findQueue(named, stage, key).url),
    queueArns: mapStageQueues((key) => findQueue(named, stage, key).arn),
    topicArn,
    bucket,
    table,
  };
}

/** One sentence where a given endpoint did not do what was asked; everything else is thrown as it is. */
function explainRefusalOf(service: AwsServiceName, endpoint: string | undefined) {
  return (error: unknown): never => {
    if (endpoint === undefined || error instanceof InfraError) throw error;
    const { name = '', message = '' } = error instanceof Error ? error : {};
    const code = error instanceof Error && 'code' in error ? String(error.code) : name;
    const [firstLine = ''] = message.split('\n');
    throw new InfraError(
      'infra_unsupported',
      `The ${SERVICE_NAMES[service]} at ${endpoint} did not set up what the pipeline needs (${code}: ` +
        `${toPrintable(firstLine, 200)}): start it or use another server, or unset its AWS_ENDPOINT_URL…`,
      { cause: error },
    );
  };
}

const SERVICE_NAMES = { sqs: 'SQS', sns: 'SNS', s3: 'S3', dynamodb: 'DynamoDB' } as const;

function onlyOne(template: InfraTemplate, type: string): InfraResource {
  const [resource, ...others] = template.resources(type);
  if (resource && others.length === 0) return resource;
  throw new InfraError('infra_incomplete', `The infra files must have exactly one ${type}`);
}

/** Of the topics, local mode needs the one of the records. */
function topicNamed(template: InfraTemplate, name: string): InfraResource {
  const topic = template.resources('AWS::SNS::Topic').find((it) => it.property('TopicName') === name);
  if (topic) return topic;
  throw new InfraError('infra_incomplete', `The infra files have no topic ${name}`);
}

function findQueue<Queue>(queues: ReadonlyMap<string, Queue>, stage: string, key: StageQueue): Queue {
  const queue = queues.get(toQueueName(stage, key));
  if (queue) return queue;
  throw new InfraError('infra_incomplete', `The infra files have no queue ${key}`);
}

/** Makes the bucket; returns its name. Lifecycle, encryption and access rules are AWS's alone. */
async function provisionBucket(s3: S3Client, resource: InfraResource): Promise<string> {
  const name = String(resource.property('BucketName'));
  if (!(await hasBucket(s3, name))) await s3.send(new CreateBucketCommand({ Bucket: name }));
  return name;
}

async function hasBucket(s3: S3Client, name: string): Promise<boolean> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: name }));
    return true;
  } catch (error) {
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return false;
    throw error;
  }
}

// Emulators make a table at once or within half a second.
const MAX_WAIT_SECONDS = 10;

/** Makes the table and waits until it can be used; returns its name. Expiry (TTL) is not emulated. */
async function provisionTable(dynamodb: DynamoDBClient, resource: InfraResource): Promise<string> {
  const TableName = String(resource.property('TableName'));
  if (await hasTable(dynamodb, TableName)) return TableName;

  await dynamodb.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      // CloudFormation writes these three as the API does, which checks them.
      KeySchema: toList(resource, 'KeySchema') as KeySchemaElement[],
      AttributeDefinitions: toList(resource, 'AttributeDefinitions') as AttributeDefinition[],
      ...(resource.property('GlobalSecondaryIndexes') !== undefined && {
        GlobalSecondaryIndexes: toList(resource, 'GlobalSecondaryIndexes') as GlobalSecondaryIndex[],
      }),
    }),
  );
  await waitUntilTableExists({ client: dynamodb, maxWaitTime: MAX_WAIT_SECONDS, minDelay: 1 }, { TableName });
  return TableName;
}

async function hasTable(dynamodb: DynamoDBClient, TableName: string): Promise<boolean> {
  try {
    await dynamodb.send(new DescribeTableCommand({ TableName }));
    return true;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return false;
    throw error;
  }
}

function toList(resource: InfraResource, name: string): unknown[] {
  const value = resource.property(name);
  if (Array.isArray(value)) return value;
  throw new InfraError('infra_incomplete', `${resource.logicalId} needs ${name}`);
}
