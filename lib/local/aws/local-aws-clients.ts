import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsClients } from '../../app/aws-clients.ts';
import type { AwsEndpoints } from './aws-endpoints.ts';

/** The clients that the functions use, and an end for them. */
export interface LocalAwsClients extends AwsClients {
  /** Closes their sockets. */
  destroy(): void;
}

/** Clients for local endpoints. Their credentials are made up: emulators want a signature and check none. */
export function createLocalAwsClients(endpoints: AwsEndpoints, region = 'us-east-1'): LocalAwsClients {
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
