import { ChangeMessageVisibilityCommand, DeleteMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { JobError } from '../../core/errors/job-error.ts';
import type { JobVisibility } from '../../ports/session-queue.ts';
import { toAwsFailure } from '../aws-failure.ts';

/** The consumer's hold on the messages of one SQS queue. Rejects with `JobError` `visibility_failed` alone. */
export function createSqsJobVisibility(sqs: SQSClient, queueUrl: string): JobVisibility {
  return {
    async hideFor(receiptHandle, delaySeconds) {
      const command = new ChangeMessageVisibilityCommand({
        QueueUrl: queueUrl,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: delaySeconds,
      });
      await attempt('sqs:ChangeMessageVisibility', () => sqs.send(command));
    },
    async delete(receiptHandle) {
      const command = new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receiptHandle });
      await attempt('sqs:DeleteMessage', () => sqs.send(command));
    },
  };
}

async function attempt(action: string, send: () => Promise<unknown>): Promise<void> {
  try {
    await send();
  } catch (thrown) {
    const { code, status, isDenied } = toAwsFailure(thrown);
    throw new JobError('visibility_failed', {
      detail: code,
      cause: thrown,
      ...(status !== undefined && { status }),
      ...(isDenied && { hint: `allow ${action} on the sessions queue` }),
    });
  }
}
