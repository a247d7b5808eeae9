import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';

/** The clients of the services that a refresh writes to. */
export interface AwsClients {
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly s3: S3Client;
  readonly dynamodb: DynamoDBClient;
}

// Far above what these services take, and so that two tries end within the reserve that a run keeps for its deadline.
const TIMES = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true },
};

// The pipeline would rather go on without its notes than wait for them.
const LEDGER_TIMES = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 500, requestTimeout: 1000, throwOnRequestTimeout: true },
};

/** Clients with the SDK's own variables for region, credentials and endpoints, and with time limits. */
export function createAwsClients(): AwsClients {
  return {
    sqs: new SQSClient(TIMES),
    sns: new SNSClient(TIMES),
    s3: new S3Client(TIMES),
    dynamodb: new DynamoDBClient(LEDGER_TIMES),
  };
}
