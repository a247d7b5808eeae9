import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { OperatedStage } from '../core/operated-stage.ts';
import { expectBucketOwner } from './aws-clients.ts';

/** The clients of a person's commands, which may wait longer than a function may. */
export interface OperatorClients {
  readonly sqs: SQSClient;
  readonly s3: S3Client;
  readonly dynamodb: DynamoDBClient;
  readonly lambda: LambdaClient;
  /** Closes their sockets. */
  readonly destroy: () => void;
}

const TIMES = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 3000, requestTimeout: 30_000, throwOnRequestTimeout: true },
};

/** Clients of a stage: with the SDK's own credentials on AWS, with made-up ones on this machine. */
export function createOperatorClients({
  region,
  endpoints,
  queues,
}: Pick<OperatedStage, 'region' | 'endpoints' | 'queues'>): OperatorClients {
  const common = {
    ...TIMES,
    region,
    ...(endpoints && { credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
  };
  const sqs = new SQSClient({ ...common, ...(endpoints && { endpoint: endpoints.sqs }) });
  const s3 = new S3Client({ ...common, ...(endpoints && { endpoint: endpoints.s3, forcePathStyle: true }) });
  // On this machine bucket and queue can be of two emulators, with two accounts.
  if (endpoints === undefined || endpoints.s3 === endpoints.sqs) expectBucketOwner(s3, queues.sessions);
  const dynamodb = new DynamoDBClient({ ...common, ...(endpoints && { endpoint: endpoints.dynamodb }) });
  // Local mode embeds no Lambda, so nothing of it is asked there.
  const lambda = new LambdaClient(common);
  return {
    lambda,
    sqs,
    s3,
    dynamodb,
    destroy() {
      for (const client of [sqs, s3, dynamodb, lambda]) client.destroy();
    },
  };
}
