import { ChangeMessageVisibilityCommand, DeleteMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { toAwsFailure } from '../aws/failures.ts';
import { JobError } from '../errors.ts';

/** The consumer's hold on messages that are in flight. */
export interface JobVisibility {
  /** Hides a message for `delaySeconds` (0 to 43,200) from now; it is then received again. */
  hideFor(receiptHandle: string, delaySeconds: number): Promise<void>;
  /** Deletes a message; may be repeated. */
  delete(receiptHandle: string): Promise<void>;
}

/** The messages in flight of one SQS queue. Rejects with `JobError` `visibility_failed` alone. */
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
