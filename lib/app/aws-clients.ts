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

/** Clients with the SDK's own configuration: region, credentials and endpoints come from its own variables. */
export function createAwsClients(): AwsClients {
  return {
    sqs: new SQSClient({}),
    sns: new SNSClient({}),
    s3: new S3Client({}),
    dynamodb: new DynamoDBClient({}),
  };
}
