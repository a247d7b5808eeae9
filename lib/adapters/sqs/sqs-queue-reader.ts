import { GetQueueAttributesCommand, type QueueAttributeName, type SQSClient } from '@aws-sdk/client-sqs';
import type { QueueReader } from '../../ports/queue-reader.ts';
import { toSqsFailure } from './sqs-failure.ts';

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
