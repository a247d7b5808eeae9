import { GetQueueAttributesCommand, type QueueAttributeName, type SQSClient } from '@aws-sdk/client-sqs';
import { OperationError } from '../errors.ts';
import { toSqsFailure } from './failures.ts';

/**
 * The queues of a stage: the kind of each, and the output of the stack that has its URL. They are named
 * `crisp-enrich-STAGE-NAME`, a FIFO queue with `.fifo` behind it.
 */
export const STAGE_QUEUES = {
  sessions: { isFifo: true, output: 'SessionsQueueUrl' },
  'sessions-dlq': { isFifo: true, output: 'SessionsDeadLetterQueueUrl' },
  records: { isFifo: false, output: 'RecordsQueueUrl' },
  'records-dlq': { isFifo: false, output: 'RecordsDeadLetterQueueUrl' },
  'records-undelivered': { isFifo: false, output: 'RecordsUndeliveredQueueUrl' },
} as const satisfies Record<string, { isFifo: boolean; output: string }>;

export type StageQueue = keyof typeof STAGE_QUEUES;

// Object.keys widens: these are its keys, in their order.
export const STAGE_QUEUE_NAMES = Object.keys(STAGE_QUEUES) as readonly StageQueue[];

/** A value for each queue of a stage. */
export function mapStageQueues<Value>(toValue: (name: StageQueue) => Value): Record<StageQueue, Value> {
  // Object.fromEntries widens the keys; the names hold each of them.
  return Object.fromEntries(STAGE_QUEUE_NAMES.map((name) => [name, toValue(name)])) as Record<
    StageQueue,
    Value
  >;
}

/** What SQS calls a queue of a stage. */
export function toQueueName(stage: string, name: StageQueue): string {
  return `crisp-enrich-${stage}-${name}${STAGE_QUEUES[name].isFifo ? '.fifo' : ''}`;
}

/**
 * The numbers of `infra/queues.yml` that code reckons with; a test keeps the two equal, for a deployed function does not
 * have the file.
 */
export const QUEUE_NUMBERS = {
  /** How long every queue keeps a message: 14 days, the most that SQS allows. */
  retentionSeconds: 1_209_600,
  /** How long the sessions queue hides a message from its receive on. */
  visibilitySeconds: 3600,
  /** How often the sessions queue shows a message before SQS moves it to the dead-letter queue. */
  receiveLimit: 20,
} as const;

/** What a queue tells about itself. The counts are approximate, as SQS's are. */
interface QueueDescription {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
  /** Undefined where the queue does not tell. */
  readonly retentionSeconds: number | undefined;
}

export interface QueueReader {
  describe(): Promise<QueueDescription>;
}

/** All attributes of a queue, as SQS has them. Rejects with `OperationError`. */
export async function readSqsQueueAttributes(
  sqs: SQSClient,
  queueUrl: string,
): Promise<Readonly<Record<string, string | undefined>>> {
  const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] });
  const { Attributes = {} } = await sqs.send(command).catch(toSqsFailure('sqs:GetQueueAttributes', queueUrl));
  return Attributes;
}

const NAMES: QueueAttributeName[] = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
  'MessageRetentionPeriod',
];

/** A queue's own counters and settings. Rejects with `OperationError`. */
export function createSqsQueueReader(sqs: SQSClient, queueUrl: string): QueueReader {
  return {
    async describe() {
      const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: NAMES });
      const { Attributes = {} } = await sqs
        .send(command)
        .catch(toSqsFailure('sqs:GetQueueAttributes', queueUrl));
      return {
        visible: Number(Attributes.ApproximateNumberOfMessages ?? 0),
        inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
        delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
        retentionSeconds: toSeconds(Attributes.MessageRetentionPeriod),
      };
    },
  };
}

/** No queue forgets at once: anything but a positive number says nothing. */
function toSeconds(text: string | undefined): number | undefined {
  const seconds = Number(text);
  return seconds > 0 ? seconds : undefined;
}

export interface NamedQueue {
  readonly name: StageQueue;
  /** Undefined where it could not be read. */
  readonly description: QueueDescription | undefined;
  /** Why not, for a person. */
  readonly problem: string | undefined;
}

/** Reads how full every queue of a stage is. One that cannot be read is named; rejects where none can. */
export async function readQueues(
  toReader: (name: StageQueue) => QueueReader,
): Promise<readonly NamedQueue[]> {
  const read = await Promise.allSettled(STAGE_QUEUE_NAMES.map((name) => toReader(name).describe()));
  const [first] = read;
  if (first?.status === 'rejected' && read.every(({ status }) => status === 'rejected')) throw first.reason;
  return STAGE_QUEUE_NAMES.map((name, index) => {
    const result = read[index];
    return result?.status === 'fulfilled'
      ? { name, description: result.value, problem: undefined }
      : { name, description: undefined, problem: toSentence(result?.reason) };
  });
}

function toSentence(reason: unknown): string {
  return reason instanceof OperationError ? reason.message : 'unexpected';
}
