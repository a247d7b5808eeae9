import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsEndpoints } from './aws-endpoints.ts';

export interface AwsClients {
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly s3: S3Client;
  readonly dynamodb: DynamoDBClient;
  /** Closes their sockets. */
  destroy(): void;
}

/** Clients for local endpoints. Their credentials are made up: emulators want a signature and check none. */
export function createAwsClients(endpoints: AwsEndpoints, region = 'us-east-1'): AwsClients {
  const common = { region, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  const sqs = new SQSClient({ ...common, endpoint: endpoints.sqs });
  const sns = new SNSClient({ ...common, endpoint: endpoints.sns });
  const s3 = new S3Client({ ...common, endpoint: endpoints.s3, forcePathStyle: true });
  const dynamodb = new DynamoDBClient({ ...common, endpoint: endpoints.dynamodb });

  return {
    sqs,
    sns,
    s3,
    dynamodb,
    destroy() {
      for (const client of [sqs, sns, s3, dynamodb]) client.destroy();
    },
  };
}
