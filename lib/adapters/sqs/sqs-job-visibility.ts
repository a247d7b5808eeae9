import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs';
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
      try {
        await sqs.send(command);
      } catch (thrown) {
        throw toVisibilityError(thrown);
      }
    },
  };
}

const HINT = 'allow sqs:ChangeMessageVisibility on the sessions queue';

function toVisibilityError(thrown: unknown): JobError {
  const { code, status, isDenied } = toAwsFailure(thrown);
  return new JobError('visibility_failed', {
    detail: code,
    cause: thrown,
    ...(status !== undefined && { status }),
    ...(isDenied && { hint: HINT }),
  });
}
