import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import middy from '@middy/core';
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import type { CrispPool } from '../adapters/crisp/crisp-http.ts';
import { toReceivedMessages } from '../adapters/lambda-records.ts';
import { createKnownSecrets } from '../adapters/secrets/known-secrets.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { createPowertoolsTelemetry } from '../adapters/telemetry/powertools-telemetry.ts';
import { createSafeTelemetry } from '../adapters/telemetry/safe-telemetry.ts';
import type { ConsumerConfig } from '../core/config/config.ts';
import { BadInvocationError } from '../core/errors/bad-invocation-error.ts';
import type { ReceivedMessage } from '../core/job/received-message.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConsumerSwitch } from '../ports/consumer-switch.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { MessageOutcome } from '../use-cases/consume/message-outcome.ts';
import { type AwsClients, createAwsClients } from './aws-clients.ts';
import { createConsumer } from './create-consumer.ts';
import { createConsumerSwitch } from './create-consumer-switch.ts';
import { withoutForeignErrors } from './without-foreign-errors.ts';

export interface ConsumerDependencies {
  readonly secrets: Secrets;
  /** The rest are what local mode and tests put in the place of AWS; `telemetry`, in that of Powertools. */
  readonly clients?: AwsClients;
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  /** In place of connections to Crisp. */
  readonly pool?: CrispPool;
  /** See `createConsumer`. */
  readonly returnsInFlight?: boolean;
  /** In place of the event source mapping. */
  readonly consumerSwitch?: ConsumerSwitch;
}

export type ConsumerHandler = ReturnType<typeof createConsumerHandler>;

/**
 * The consumer function: one instance, with a token bucket and connections of its own. It returns exactly the messages
 * that are retained, and throws, so that Lambda returns the whole batch, only where the event is no batch of SQS
 * messages.
 */
export function createConsumerHandler(config: ConsumerConfig, dependencies: ConsumerDependencies) {
  const { clock = systemClock, random = Math.random } = dependencies;
  const { clients = createAwsClients(config.sessionsQueueUrl) } = dependencies;
  const { secrets, redact } = createKnownSecrets(dependencies.secrets);
  const { telemetry, middlewares } = dependencies.telemetry
    ? { telemetry: createSafeTelemetry(dependencies.telemetry, redact), middlewares: [] }
    : createPowertoolsTelemetry({
        service: 'consumer',
        logLevel: config.logLevel,
        namespace: config.metricsNamespace,
        redact,
      });
  const { pool, returnsInFlight, consumerSwitch = createConsumerSwitch(config, clock) } = dependencies;
  const processBatch = createConsumer(config, {
    secrets,
    clock,
    clients,
    random,
    telemetry,
    consumerSwitch,
    pool,
    returnsInFlight,
    redact,
  });

  const handler = middy(async (event: SQSEvent, context: Context) => {
    const messages = readMessages(event, telemetry);
    const outcomes = processBatch(messages, {
      deadlineMs: clock.nowMs() + context.getRemainingTimeInMillis(),
      requestId: context.awsRequestId,
    });
    const settle = async ({ messageId }: SQSRecord) => expectAcknowledged((await outcomes).get(messageId));
    // A processor keeps the state of one batch.
    const processor = new BatchProcessor(EventType.SQS);
    return processPartialResponse(event, settle, processor, { context, throwOnFullBatchFailure: false });
  }).use(middlewares);
  return withoutForeignErrors((event: SQSEvent, context: Context) => handler(event, context));
}

function readMessages(event: SQSEvent, telemetry: Telemetry): ReceivedMessage[] {
  try {
    return toReceivedMessages(event);
  } catch (error) {
    if (error instanceof BadInvocationError) {
      telemetry.emit({ name: 'bad-record', code: error.code, detail: error.message });
    }
    throw error;
  }
}

/** Powertools reports as failed the records whose handler throws. */
function expectAcknowledged(outcome: MessageOutcome | undefined): void {
  if (outcome?.outcome !== 'acknowledged') throw new Error(outcome?.reason ?? 'no outcome');
}
