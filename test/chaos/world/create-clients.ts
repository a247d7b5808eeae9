import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { AwsActions, AwsService } from './aws/aws-call.ts';
import { type AwsClientDeps, createAwsClient } from './aws/aws-client.ts';
import type { Instance, Role } from './instance.ts';

export interface InstanceClients {
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly s3: S3Client;
  readonly dynamodb: DynamoDBClient;
  readonly lambda: LambdaClient;
  readonly ssm: SSMClient;
}

/** The clients of one instance, over the fakes; with the time limits that the functions' own clients have. */
export function createClients(
  instance: Instance,
  actions: Readonly<Record<AwsService, AwsActions>>,
  deps: Omit<AwsClientDeps, 'actions' | 'timeoutMs'>,
): InstanceClients {
  const client = (service: AwsService, timeoutMs = TIMEOUT_MS) =>
    createAwsClient(service, instance, { ...deps, actions: actions[service], timeoutMs });
  // Of a client only `send` is used.
  return {
    sqs: client('sqs', QUEUE_TIMEOUT_MS[instance.role] ?? TIMEOUT_MS),
    sns: client('sns'),
    s3: client('s3'),
    dynamodb: client('dynamodb', 1000),
    lambda: client('lambda', 3000),
    // Powertools puts its name into the user agent of what looks like a client.
    ssm: Object.assign(client('ssm', 800), { config: {}, middlewareStack: NO_MIDDLEWARE }),
  } as unknown as InstanceClients;
}

const TIMEOUT_MS = 5000;
const QUEUE_TIMEOUT_MS: Partial<Record<Role, number>> = { webhook: 1300 };
const NO_MIDDLEWARE = { identify: () => [], addRelativeTo() {}, add() {} };
