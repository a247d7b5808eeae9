import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import type { Context, LambdaFunctionURLEvent } from 'aws-lambda';
import { systemClock } from '../../../lib/clock.ts';
import { parseWebhookConfig } from '../../../lib/config/parse.ts';
import { createSecrets } from '../../../lib/config/secret-reader.ts';
import { createDynamoSentNotes } from '../../../lib/ledger/session-notes.ts';
import { createWebhookHandler } from '../../../lib/webhook/handler.ts';
import { aHook, HOOK_SECRET } from '../hook.ts';
import { measureCpu, readOptions, report } from './support.ts';

// A hook in a warm function, without AWS behind it: ours, or a plain handler that logs, counts and sends.
const { isPlain, rounds } = readOptions<{ isPlain: boolean; rounds: number }>();
const QueueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-bench-sessions.fifo';
// As much of a client as either uses.
const sqs = { send: async () => ({ MessageId: 'message-1', SequenceNumber: '1' }) } as unknown as SQSClient;
const lambda = {
  functionName: 'bench-webhook',
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:bench-webhook',
  memoryLimitInMB: '512',
  awsRequestId: 'request',
} as Context;

const handler = isPlain ? createPlainHandler() : createOurs();
const nowMs = Date.now();
const hooks = Array.from({ length: 1000 }, (_, index) => aHook(index, nowMs));
const cpuUs = await measureCpu(rounds, async (round) => {
  const { statusCode } = await handler(hooks[round % hooks.length] ?? aHook(0, nowMs), lambda);
  if (statusCode !== 202) throw new Error(`answered with ${statusCode}`);
});
report({ cpuUs });

function createOurs() {
  const config = parseWebhookConfig({
    CRISP_HOOK_SECRETS: HOOK_SECRET,
    SESSIONS_QUEUE_URL: QueueUrl,
    LEDGER_TABLE: 'crisp-enrich-bench-ledger',
  });
  const secrets = createSecrets(config.secrets, systemClock);
  const sessions = createDynamoSentNotes({ update: async () => ({}), table: config.ledgerTable });
  return createWebhookHandler(config, { secrets, sqs, sessions });
}

function createPlainHandler() {
  const logger = new Logger({ serviceName: 'webhook' });
  const metrics = new Metrics({ namespace: 'plain', serviceName: 'webhook' });
  const middleware = middy(async ({ body }: LambdaFunctionURLEvent) => {
    const { event, data } = JSON.parse(body ?? '');
    const MessageBody = JSON.stringify({ session_id: data.session_id });
    const { MessageId } = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    metrics.addMetric('queued', MetricUnit.Count, 1);
    logger.info('queued', { event, sessionId: data.session_id, messageId: MessageId });
    return { statusCode: 202, body: JSON.stringify({ message_id: MessageId }) };
  })
    .use(injectLambdaContext(logger))
    .use(logMetrics(metrics));
  return (event: LambdaFunctionURLEvent, context: Context) => middleware(event, context);
}
