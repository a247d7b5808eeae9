import type { Context, SQSEvent } from 'aws-lambda';
import { type AwsClients, createAwsClients } from '../../../lib/aws/clients.ts';
import { systemClock } from '../../../lib/clock.ts';
import { parseConsumerConfig } from '../../../lib/config/parse.ts';
import { createSecrets } from '../../../lib/config/secret-reader.ts';
import { createConsumerHandler } from '../../../lib/consumer/handler.ts';
import type { SessionRef } from '../../../lib/ids.ts';
import type { Account } from '../../../lib/local/simulator/workspace.ts';
import { measureCpu, readOptions, report } from './support.ts';

interface Options {
  readonly url: string;
  readonly awsUrl: string;
  readonly account: Account;
  readonly sessions: readonly SessionRef[];
  readonly hasAws: boolean;
  readonly rounds: number;
}

// Batches of five messages through a warm consumer: CPU of one conversation, with the AWS SDK or without.
const { url, awsUrl, account, sessions, hasAws, rounds } = readOptions<Options>();
const QUEUE_URL = `${awsUrl}/123456789012/crisp-enrich-bench-sessions.fifo`;
const config = parseConsumerConfig({
  CRISP_API_URL: `${url}/v1`,
  CRISP_TOKEN_IDENTIFIER: account.token.identifier,
  CRISP_TOKEN_KEY: account.token.key,
  CRISP_REQUESTS_PER_SECOND: '1000',
  CONSUMER_CONCURRENCY: '2',
  SESSIONS_QUEUE_URL: QUEUE_URL,
  SESSIONS_QUEUE_ARN: 'arn:aws:sqs:eu-west-1:123456789012:crisp-enrich-bench-sessions.fifo',
  CONSUMER_FUNCTION_NAME: 'crisp-enrich-bench-consumer',
  RECORDS_TOPIC_ARN: 'arn:aws:sns:eu-west-1:123456789012:crisp-enrich-bench-records',
  ARCHIVE_BUCKET: 'crisp-enrich-bench-archive',
  LEDGER_TABLE: 'crisp-enrich-bench-ledger',
});
const handler = createConsumerHandler(config, {
  secrets: createSecrets(config.secrets, systemClock),
  clients: hasAws ? createAwsClients(QUEUE_URL) : createStubs(),
});
const lambda = {
  functionName: 'bench-consumer',
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:bench-consumer',
  memoryLimitInMB: '1024',
  awsRequestId: 'request',
  getRemainingTimeInMillis: () => 600_000,
} as Context;

const BATCH = 5;
const cpuUs = await measureCpu(rounds, async (round) => {
  const { batchItemFailures } = await handler(toEvent(round), lambda);
  if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} messages failed`);
});
report({ cpuUs: cpuUs / BATCH });
process.exit();

function toEvent(round: number): SQSEvent {
  const Records = sessions.slice(0, BATCH).map(({ websiteId, sessionId }, place) => ({
    messageId: `message-${round}-${place}`,
    receiptHandle: `handle-${round}-${place}`,
    body: JSON.stringify({ v: 1, websiteId, sessionId, mode: 'full' }),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: String(Date.now()),
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: config.sessionsQueueArn,
    awsRegion: 'eu-west-1',
  }));
  return { Records };
}

/** Clients that have nothing stored and take everything. */
function createStubs(): AwsClients {
  const send = async (command: object) => {
    if (command.constructor.name === 'GetObjectCommand')
      throw Object.assign(new Error('none'), { name: 'NoSuchKey', $metadata: { httpStatusCode: 404 } });
    return { ETag: '"an-etag"', MessageId: 'message-1' };
  };
  // As much of a client as the consumer uses: it sends commands.
  const client = { send } as never;
  return { sqs: client, sns: client, s3: client, dynamodb: client };
}
