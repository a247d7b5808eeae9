import { createHash } from 'node:crypto';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type {
  LambdaClient,
  ListEventSourceMappingsCommandInput,
  UpdateEventSourceMappingCommandInput,
} from '@aws-sdk/client-lambda';
import type {
  DeleteObjectCommandInput,
  GetObjectCommandInput,
  ListObjectsV2CommandInput,
  PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import type { PublishCommandInput, SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { ParameterNotFound } from '@aws-sdk/client-ssm';
import type { Random } from '../../../../lib/local/simulator/random.ts';
import type { Instance, Role } from '../instances.ts';
import type { MappingState } from '../mapping.ts';
import { createDisturbances, type Part, type Recorder } from '../recorder.ts';
import {
  RECEIVE_LIMIT,
  RETENTION_SECONDS,
  SECRETS_PATH,
  STAGE,
  toEnvironment,
  VISIBILITY_SECONDS,
  type WorldSettings,
} from '../settings.ts';
import {
  type AwsActions,
  type AwsClientDeps,
  type AwsDisturbances,
  type AwsService,
  createAwsClient,
  toAwsError,
} from './call.ts';
import { createFakeDynamoDb } from './dynamodb.ts';
import { isSqsText, type NamedQueue } from './queue.ts';
import { createFakeSqs, type FakeSqs } from './sqs.ts';

/** The services of AWS that a stage uses, and its resources in them. */
export interface FakeAws {
  readonly sqs: FakeSqs;
  readonly sessions: NamedQueue;
  readonly deadLetters: NamedQueue;
  readonly sns: FakeSns;
  /** What an operator enters into SSM, by variable. */
  readonly secrets: { set(name: string, value: string): void };
  readonly disturbances: AwsDisturbances;
  /** The SDK's clients as one instance has them. */
  clientsOf(instance: Instance): InstanceClients;
}

interface FakeAwsDeps extends Part {
  readonly settings: WorldSettings;
  /** Of the consumer's mapping, which is made after what it polls. */
  readonly mappingState: () => MappingState;
}

export function createFakeAws({ settings, clock, recorder, random, mappingState }: FakeAwsDeps): FakeAws {
  const base = (label: string) => ({ clock, recorder, random: random.fork(label) });
  const sqs = createFakeSqs(base('sqs'));
  const queues = createQueues(sqs, settings);
  const sns = createFakeSns(base('sns'));
  const ssm = createFakeSsm();
  const disturbances: AwsDisturbances = createDisturbances();
  const clientDeps = { ...base('calls'), disturbances };
  const actions = {
    sqs: sqs.actions,
    sns: sns.actions,
    s3: createFakeS3(recorder),
    dynamodb: createFakeDynamoDb(recorder),
    ssm: ssm.actions,
    lambda: createFakeLambda({
      state: mappingState,
      functionName: toEnvironment(settings).CONSUMER_FUNCTION_NAME,
      queueArn: queues.sessions.arn,
    }),
  };

  return {
    sqs,
    ...queues,
    sns,
    secrets: { set: (name, value) => void ssm.parameters.set(SECRETS_PATH + name, value) },
    disturbances,
    clientsOf: (instance) => createClients(instance, actions, clientDeps),
  };
}

/** infra/queues.yml. */
function createQueues(
  sqs: FakeSqs,
  { coalesceSeconds, marginSeconds, queueDelaySeconds }: WorldSettings,
): { sessions: NamedQueue; deadLetters: NamedQueue } {
  const fifo = {
    FifoQueue: 'true',
    DeduplicationScope: 'messageGroup',
    MessageRetentionPeriod: String(RETENTION_SECONDS),
  };
  const deadLetters = sqs.createQueue(`crisp-enrich-${STAGE}-sessions-dlq.fifo`, fifo);
  const sessions = sqs.createQueue(`crisp-enrich-${STAGE}-sessions.fifo`, {
    ...fifo,
    DelaySeconds: String(queueDelaySeconds ?? coalesceSeconds + marginSeconds),
    VisibilityTimeout: String(VISIBILITY_SECONDS),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: RECEIVE_LIMIT }),
  });
  return { sessions, deadLetters };
}

const MAPPING_ID = '5f0a1c1e-0000-4000-8000-000000000001';

/** The part of Lambda's API by which an event source mapping is found, seen and switched. */
function createFakeLambda({
  state,
  functionName,
  queueArn,
}: {
  /** A function: Lambda and the mapping know each other. */
  state: () => MappingState;
  functionName: string;
  queueArn: string;
}): AwsActions {
  const describe = () => ({
    UUID: MAPPING_ID,
    EventSourceArn: queueArn,
    FunctionArn: `arn:aws:lambda:eu-west-1:123456789012:function:${functionName}`,
    State: state().name,
  });

  return {
    ListEventSourceMappings({ EventSourceArn = queueArn, FunctionName = functionName }: MappingInput) {
      const isIt = EventSourceArn === queueArn && FunctionName === functionName;
      return { EventSourceMappings: isIt ? [describe()] : [] };
    },
    GetEventSourceMapping({ UUID }: MappingInput) {
      if (UUID !== MAPPING_ID) throw toAwsError('ResourceNotFoundException', 404);
      return describe();
    },
    UpdateEventSourceMapping({ UUID, Enabled = true }: MappingInput) {
      if (UUID !== MAPPING_ID) throw toAwsError('ResourceNotFoundException', 404);
      if (!state().turn(Enabled)) throw toAwsError('ResourceInUseException', 400);
      return describe();
    },
  };
}

type MappingInput = ListEventSourceMappingsCommandInput & Partial<UpdateEventSourceMappingCommandInput>;

interface StoredObject {
  readonly text: string;
  readonly etag: string;
}

/** Buckets with the conditional writes that S3 documents. */
export function createFakeS3(recorder: Pick<Recorder, 'note'>): AwsActions {
  // By bucket and key.
  const objects = new Map<string, StoredObject>();

  return {
    CreateBucket: () => ({}),

    PutObject({ Bucket, Key = '', Body, IfNoneMatch, IfMatch }: PutObjectCommandInput) {
      const stored = objects.get(toPlace(Bucket, Key));
      if (IfNoneMatch === '*' && stored) throw toAwsError('PreconditionFailed', 412);
      if (IfMatch !== undefined && !stored) throw toAwsError('NoSuchKey', 404);
      if (IfMatch !== undefined && stored?.etag !== IfMatch) throw toAwsError('PreconditionFailed', 412);

      const text = String(Body);
      // Of an object that was put in one piece the ETag is the MD5 of its bytes: equal content, equal ETag.
      const etag = `"${createHash('md5').update(text).digest('hex')}"`;
      objects.set(toPlace(Bucket, Key), { text, etag });
      recorder.note({ type: 'object-put', key: Key, body: text });
      return { ETag: etag };
    },

    GetObject({ Bucket, Key }: GetObjectCommandInput) {
      const stored = objects.get(toPlace(Bucket, Key));
      if (!stored) throw toAwsError('NoSuchKey', 404);
      return { ETag: stored.etag, Body: { transformToString: async () => stored.text } };
    },

    DeleteObject({ Bucket, Key }: DeleteObjectCommandInput) {
      objects.delete(toPlace(Bucket, Key));
      return {};
    },

    ListObjectsV2({
      Bucket,
      Prefix = '',
      MaxKeys = 1000,
      ContinuationToken = '',
    }: ListObjectsV2CommandInput) {
      const start = toPlace(Bucket);
      const keys = [...objects.keys()]
        .filter((place) => place.startsWith(start + Prefix))
        .map((place) => place.slice(start.length))
        .filter((key) => key > ContinuationToken)
        .sort();
      const page = keys.slice(0, MaxKeys);
      return {
        Contents: page.map((Key) => ({ Key })),
        ...(keys.length > page.length && { NextContinuationToken: page.at(-1) }),
      };
    },
  };
}

function toPlace(bucket = '', key = ''): string {
  return `${bucket}\n${key}`;
}

/** How the topic treats one delivery to the records queue. */
interface RecordDelivery {
  /** Each copy arrives that much later. */
  readonly copiesAfterMs: readonly number[];
}

export interface FakeSns {
  readonly actions: AwsActions;
  /** What becomes of a delivery; by default one copy, soon. */
  disturbDelivery: ((random: Random) => RecordDelivery) | undefined;
  /** How many deliveries are on their way. */
  readonly pending: number;
}

// SNS's limit, attributes included.
const MOST_BYTES = 256 * 1024;

/** The records topic, with the records queue as its subscriber; another subscriber's trouble is not seen here. */
function createFakeSns({ clock, random, recorder }: Part): FakeSns {
  let pending = 0;
  const sns: FakeSns = {
    actions: { Publish: publish },
    disturbDelivery: undefined,
    get pending() {
      return pending;
    },
  };
  return sns;

  function publish({ Message = '', MessageAttributes = {} }: PublishCommandInput) {
    if (
      Message === '' ||
      Buffer.byteLength(Message) + sizeOf(MessageAttributes) > MOST_BYTES ||
      !isSqsText(Message)
    )
      throw toAwsError('InvalidParameter', 400);
    // Raw delivery to SQS discards a message with more than ten.
    if (Object.keys(MessageAttributes).length > 10) throw new Error('more attributes than SQS takes');
    recorder.note({ type: 'notice-published', body: Message });
    const { copiesAfterMs } = sns.disturbDelivery?.(random) ?? { copiesAfterMs: [random.integer(5, 120)] };
    for (const delayMs of copiesAfterMs) deliver(Message, delayMs);
    return { MessageId: random.uuid() };
  }

  function deliver(body: string, delayMs: number): void {
    pending += 1;
    clock.schedule(clock.nowMs() + delayMs, () => {
      pending -= 1;
      recorder.note({ type: 'record-delivered', body });
    });
  }
}

function sizeOf(attributes: NonNullable<PublishCommandInput['MessageAttributes']>): number {
  return Object.entries(attributes)
    .flatMap(([name, { DataType = '', StringValue = '' }]) => [name, DataType, StringValue])
    .reduce((bytes, text) => bytes + Buffer.byteLength(text), 0);
}

/** SSM's parameter store; `parameters`: what an operator entered, by full name. */
function createFakeSsm() {
  const parameters = new Map<string, string>();
  return {
    parameters,
    actions: {
      GetParameter({ Name = '' }: { Name?: string }) {
        const Value = parameters.get(Name);
        // Whoever reads it asks for the class itself.
        if (Value === undefined)
          throw new ParameterNotFound({ message: 'canary-aws-message', $metadata: {} });
        return { Parameter: { Name, Value } };
      },
    },
  };
}

export interface InstanceClients {
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly s3: S3Client;
  readonly dynamodb: DynamoDBClient;
  readonly lambda: LambdaClient;
  readonly ssm: SSMClient;
}

/** The clients of one instance, over the fakes; with the time limits that the functions' own clients have. */
function createClients(
  instance: Instance,
  actions: Readonly<Record<AwsService, AwsActions>>,
  deps: Omit<AwsClientDeps, 'actions' | 'timeoutMs'>,
): InstanceClients {
  const client = (service: AwsService, timeoutMs = TIMEOUT_MS) =>
    createAwsClient(service, instance, { ...deps, actions: actions[service], timeoutMs });
  // Of a client only `send` is used.
  return {
    sqs: client('sqs', QUEUE_TIMEOUT_MS[instance.role] ?? TIMEOUT_MS),
    sns: client('sns'),
    s3: client('s3'),
    dynamodb: client('dynamodb', 1000),
    lambda: client('lambda', 3000),
    // Powertools puts its name into the user agent of what looks like a client.
    ssm: Object.assign(client('ssm', 800), { config: {}, middlewareStack: NO_MIDDLEWARE }),
  } as unknown as InstanceClients;
}

const TIMEOUT_MS = 5000;
const QUEUE_TIMEOUT_MS: Partial<Record<Role, number>> = { webhook: 1300 };
const NO_MIDDLEWARE = { identify: () => [], addRelativeTo() {}, add() {} };
