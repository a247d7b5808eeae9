import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import type { EnrichedRecord, RemovedRecord } from '../../lib/core/record/schema.ts';
import { createConditionalS3Client } from './conditional-s3.ts';

/**
 * The clients of a consumer whose queue, topic and archive are in memory: what it hid, announced and wrote. The archive
 * keeps S3's conditions.
 */
export function createFakeConsumerAws(dynamodb: DynamoDBClient) {
  const settings = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  const hidden = new Map<string, number>();
  const records: (EnrichedRecord | RemovedRecord)[] = [];
  const [sqs, sns, s3] = [new SQSClient(settings), new SNSClient(settings), createConditionalS3Client()];

  mockClient(sqs)
    .on(ChangeMessageVisibilityCommand)
    .callsFake(
      async ({ ReceiptHandle, VisibilityTimeout }) => void hidden.set(ReceiptHandle, VisibilityTimeout),
    );
  mockClient(sns)
    .on(PublishCommand)
    .callsFake(async ({ Message }) => {
      records.push(JSON.parse(Message));
      return { MessageId: `notice-${records.length}` };
    });
  let puts = 0;
  s3.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        if (commandName === 'PutObjectCommand') puts += 1;
        return next(args);
      },
    { step: 'initialize' },
  );
  return { clients: { sqs, sns, s3, dynamodb }, hidden, records, writes: () => puts + records.length };
}

/** The receipt handle that messages of a test have. */
export function toHandle(messageId: string): string {
  return `handle-of-${messageId}`;
}
