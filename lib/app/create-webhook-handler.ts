import type { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import type { Context, LambdaFunctionURLEvent } from 'aws-lambda';
import {
  type FunctionUrlResponse,
  toAcceptedResponse,
  toHookDelivery,
  toRefusedResponse,
} from '../adapters/function-url.ts';
import { createKnownSecrets } from '../adapters/secrets/known-secrets.ts';
import { createSqsSessionQueue } from '../adapters/sqs/sqs-session-queue.ts';
import { createWebhookSqsClient } from '../adapters/sqs/webhook-sqs-client.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { createPowertoolsTelemetry } from '../adapters/telemetry/powertools-telemetry.ts';
import { createSafeTelemetry } from '../adapters/telemetry/safe-telemetry.ts';
import type { WebhookConfig } from '../core/config/config.ts';
import { toHookRefusal } from '../core/errors/to-hook-refusal.ts';
import type { Clock } from '../ports/clock.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { createAcceptWebhook } from '../use-cases/accept-webhook.ts';
import { withoutForeignErrors } from './without-foreign-errors.ts';

export interface WebhookDependencies {
  readonly secrets: Secrets;
  /** The rest are what local mode and tests put in the place of AWS; `telemetry`, in that of Powertools. */
  readonly sqs?: SQSClient;
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
}

/** The webhook function. It answers every request itself, defects included, and never throws. */
export function createWebhookHandler(config: WebhookConfig, dependencies: WebhookDependencies) {
  const { clock = systemClock, sqs = createWebhookSqsClient() } = dependencies;
  const { secrets, redact } = createKnownSecrets(dependencies.secrets);
  const { telemetry, middlewares } = dependencies.telemetry
    ? { telemetry: createSafeTelemetry(dependencies.telemetry, redact), middlewares: [] }
    : createPowertoolsTelemetry({
        service: 'webhook',
        logLevel: config.logLevel,
        namespace: config.metricsNamespace,
        redact,
        clock,
      });
  const acceptWebhook = createAcceptWebhook({
    config,
    secrets,
    queue: createSqsSessionQueue(sqs, config.sessionsQueueUrl),
    clock,
    telemetry,
  });

  const handler = middy(async (event: LambdaFunctionURLEvent): Promise<FunctionUrlResponse> => {
    try {
      return toAcceptedResponse(await acceptWebhook(toHookDelivery(event)));
    } catch (thrown) {
      const refusal = toHookRefusal(thrown);
      const { code, status, detail } = refusal;
      telemetry.emit({ name: 'hook-refused', code, status, ...(detail !== undefined && { detail }) });
      return toRefusedResponse(refusal, event.requestContext?.requestId ?? '');
    }
  }).use(middlewares);
  return withoutForeignErrors((event: LambdaFunctionURLEvent, context: Context) => handler(event, context));
}
