import type { Random } from '../../../../lib/local/simulator/random.ts';
import type { VirtualClock } from '../../../support/virtual-clock.ts';
import { createClients, type InstanceClients } from '../create-clients.ts';
import { createDisturbances } from '../disturbances.ts';
import type { Instance } from '../instance.ts';
import type { MappingState } from '../lambda/mapping-state.ts';
import type { Recorder } from '../recorder.ts';
import {
  RECEIVE_LIMIT,
  RETENTION_SECONDS,
  SECRETS_PATH,
  STAGE,
  toEnvironment,
  VISIBILITY_SECONDS,
  type WorldSettings,
} from '../settings.ts';
import type { AwsDisturbances } from './aws-call.ts';
import { createFakeDynamoDb } from './dynamodb/fake-dynamodb.ts';
import { createFakeLambda } from './fake-lambda.ts';
import { createFakeS3 } from './fake-s3.ts';
import { createFakeSns, type FakeSns } from './fake-sns.ts';
import { createFakeSsm } from './fake-ssm.ts';
import { createFakeSqs, type FakeSqs } from './sqs/fake-sqs.ts';
import type { NamedQueue } from './sqs/named-queue.ts';

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

export interface FakeAwsDeps {
  readonly settings: WorldSettings;
  readonly clock: VirtualClock;
  readonly recorder: Recorder;
  readonly random: Random;
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
