import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { type Clock, type ClockSample, toClockSample } from '../clock.ts';
import { isJsonObject } from '../text.ts';
import { toQueueAddress } from './failures.ts';

/** The clients of the services that a refresh writes to. */
export interface AwsClients {
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly s3: S3Client;
  readonly dynamodb: DynamoDBClient;
}

// Far above what these services take, and so that two tries end within the reserve that a run keeps for its deadline.
const FUNCTION_TIMES = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true },
};

// The pipeline would rather go on without its notes than wait for them.
const LEDGER_TIMES = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 500, requestTimeout: 1000, throwOnRequestTimeout: true },
};

/**
 * Clients with the SDK's own variables for region, credentials and endpoints, and with time limits. The archive is
 * expected in the account of the stage's own queue.
 */
export function createAwsClients(queueUrl: string): AwsClients {
  return {
    sqs: new SQSClient(FUNCTION_TIMES),
    sns: new SNSClient(FUNCTION_TIMES),
    s3: expectBucketOwner(new S3Client(FUNCTION_TIMES), queueUrl),
    dynamodb: new DynamoDBClient(LEDGER_TIMES),
  };
}

const ACCOUNT = /^\d{12}$/;

/**
 * Puts `ExpectedBucketOwner` on every call of the client: the account of the queue, which the same stack made. Bucket
 * names are global: one that was deleted can be taken by a stranger, and would be written to. S3 then answers 403.
 */
export function expectBucketOwner(s3: S3Client, queueUrl: string): S3Client {
  const { account } = toQueueAddress(queueUrl);
  if (!ACCOUNT.test(account)) return s3;
  s3.middlewareStack.add(
    (next) => (args) => next({ ...args, input: { ...args.input, ExpectedBucketOwner: account } }),
    { step: 'initialize', name: 'expectBucketOwner' },
  );
  return s3;
}

/** From now on reads the time that SQS's answers carry; the function that is returned gives the newest. */
export function watchAwsClock(sqs: SQSClient, clock: Clock): () => ClockSample | undefined {
  let sample: ClockSample | undefined;
  sqs.middlewareStack.add(
    (next) => async (args) => {
      const sentMs = clock.nowMs();
      const result = await next(args);
      const headers = isJsonObject(result.response) ? result.response.headers : undefined;
      const date = isJsonObject(headers) ? headers.date : undefined;
      sample = toClockSample(date, { sentMs, receivedMs: clock.nowMs() }) ?? sample;
      return result;
    },
    { step: 'deserialize' },
  );
  return () => sample;
}
