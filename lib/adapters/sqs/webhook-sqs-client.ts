import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';

/**
 * Two tries and the pause between them stay below the three seconds that a delivery waits for the queue: a failure that
 * is told early is better than a success that nobody waits for.
 */
export const WEBHOOK_SQS_TIMES = { maxAttempts: 2, connectionTimeoutMs: 700, requestTimeoutMs: 1300 };

/** The webhook's own SQS client; `config` adds what differs from the SDK's variables. It keeps connections open. */
export function createWebhookSqsClient(config: SQSClientConfig = {}): SQSClient {
  const { maxAttempts, connectionTimeoutMs, requestTimeoutMs } = WEBHOOK_SQS_TIMES;
  return new SQSClient({
    maxAttempts,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
    ...config,
  });
}
