import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { toSqsFailure } from './sqs-failure.ts';

/** All attributes of a queue, as SQS has them. Rejects with `OperationError`. */
export async function readSqsQueueAttributes(
  sqs: SQSClient,
  queueUrl: string,
): Promise<Readonly<Record<string, string | undefined>>> {
  const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] });
  const { Attributes = {} } = await sqs.send(command).catch(toSqsFailure('sqs:GetQueueAttributes', queueUrl));
  return Attributes;
}
