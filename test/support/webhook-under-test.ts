import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { createEnvironmentSecrets } from '../../lib/adapters/secrets/environment-secrets.ts';
import { createWebhookHandler } from '../../lib/app/create-webhook-handler.ts';
import type { WebhookConfig } from '../../lib/core/config/config.ts';
import type { Environment } from '../../lib/core/config/environment.ts';
import { parseWebhookConfig } from '../../lib/core/config/parse-webhook-config.ts';
import type { Secrets } from '../../lib/ports/secrets.ts';
import { aHookRequest, HOOK_NOW_MS, HOOK_SECRET, type HookRequest } from './hook-request.ts';
import { createRecordingTelemetry } from './recording-telemetry.ts';
import { createVirtualClock } from './virtual-clock.ts';

export const QUEUE_URL = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-test-sessions.fifo';

// With telemetry of the test's own, the function reads nothing of it.
const CONTEXT = { awsRequestId: 'request-1' } as Context;

/** The webhook function over a scripted SQS that accepts everything, at the moment of the test's hooks. */
export function createWebhookUnderTest(environment: Environment = {}, secrets?: Secrets) {
  const config = parseWebhookConfig({
    CRISP_HOOK_SECRETS: HOOK_SECRET,
    SESSIONS_QUEUE_URL: QUEUE_URL,
    ...environment,
  });
  const client = new SQSClient({ region: 'eu-west-1' });
  const sqs = mockClient(client);
  sqs.on(SendMessageCommand).resolves({ MessageId: 'message-1', SequenceNumber: '18849496460467696128' });
  const telemetry = createRecordingTelemetry();
  const clock = createVirtualClock(HOOK_NOW_MS);
  const handler = createWebhookHandler(config, {
    secrets: secrets ?? toSecrets(config),
    sqs: client,
    clock,
    telemetry,
  });

  return {
    sqs,
    telemetry,
    clock,
    /** How often SQS was called, with any command. */
    sqsCalls: () => sqs.calls().length,
    async deliver(request: HookRequest | ReturnType<typeof aHookRequest> = {}) {
      const event = 'rawPath' in request ? request : aHookRequest(request);
      const { statusCode, headers, body } = await handler(event, CONTEXT);
      return { status: statusCode, headers: headers ?? {}, reply: JSON.parse(body ?? '{}') };
    },
  };
}

function toSecrets({ secrets }: WebhookConfig): Secrets {
  if (secrets.source !== 'environment') throw new Error('the test gives no secrets');
  return createEnvironmentSecrets(secrets);
}
