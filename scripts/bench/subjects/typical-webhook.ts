import { createHmac, timingSafeEqual } from 'node:crypto';
import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import { getParameter } from '@aws-lambda-powertools/parameters/ssm';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { z } from 'zod';

// A web hook as the documentation of its libraries has one written: the anchor of cold starts and bundle sizes.
const logger = new Logger({ serviceName: 'webhook' });
const metrics = new Metrics({ namespace: 'typical', serviceName: 'webhook' });
const sqs = new SQSClient({});

const Hook = z.object({
  website_id: z.uuid(),
  event: z.string().min(1),
  data: z.looseObject({ session_id: z.string().regex(/^session_[\w-]+$/) }),
  timestamp: z.number(),
});

export const handler = middy(async (event: LambdaFunctionURLEvent) => {
  const secret = await getParameter(`${process.env.CRISP_SECRETS_PATH}CRISP_HOOK_SECRETS`, { decrypt: true });
  const { 'x-crisp-signature': signature = '', 'x-crisp-request-timestamp': timestamp = '' } = event.headers;
  const expected = createHmac('sha256', String(secret)).update(`[${timestamp};${event.body}]`).digest();
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) return { statusCode: 401 };

  const { event: name, data, website_id } = Hook.parse(JSON.parse(event.body ?? ''));
  const { MessageId } = await sqs.send(
    new SendMessageCommand({
      QueueUrl: process.env.SESSIONS_QUEUE_URL,
      MessageBody: JSON.stringify({ website_id, session_id: data.session_id }),
      MessageGroupId: data.session_id,
    }),
  );
  metrics.addMetric('queued', MetricUnit.Count, 1);
  logger.info('queued', { event: name, sessionId: data.session_id, messageId: MessageId });
  return { statusCode: 202, body: JSON.stringify({ message_id: MessageId }) };
})
  .use(injectLambdaContext(logger))
  .use(logMetrics(metrics));
