import { GetQueueAttributesCommand, type QueueAttributeName, type SQSClient } from '@aws-sdk/client-sqs';
import { toSqsFailure } from './failures.ts';

/** What a queue tells about itself. The counts are approximate, as SQS's are. */
export interface QueueDescription {
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
