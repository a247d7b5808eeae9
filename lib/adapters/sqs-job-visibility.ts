import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { JobVisibility } from '../ports/session-queue.ts';

/** The consumer's hold on the messages of one SQS queue. */
export function createSqsJobVisibility(sqs: SQSClient, queueUrl: string): JobVisibility {
  return {
    async hideFor(receiptHandle, delaySeconds) {
      const VisibilityTimeout = delaySeconds;
      await sqs.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: queueUrl,
          ReceiptHandle: receiptHandle,
          VisibilityTimeout,
        }),
      );
    },
  };
}
