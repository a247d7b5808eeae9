import { createSecrets } from '../adapters/secrets/create-secrets.ts';
import { createConsumerHandler } from '../app/create-consumer-handler.ts';
import { createWebhookHandler } from '../app/create-webhook-handler.ts';
import type { LocalConfig } from '../core/config/parse-local-config.ts';
import { MAX_BODY_BYTES } from '../core/hook/read-hook-body.ts';
import type { Clock } from '../ports/clock.ts';
import { readEventSource } from './aws/read-event-source.ts';
import { openFrontDoor, type UrlFunction } from './front-door/open-front-door.ts';
import { createEventSourceMapping } from './lambda/event-source-mapping.ts';
import { createLambdaContext } from './lambda/lambda-context.ts';
import { listenOrGiveWay } from './listen-or-give-way.ts';
import type { RequestedPort } from './local-options.ts';
import type { LocalAws } from './start-aws.ts';
import type { Terminal } from './terminal/open-terminal.ts';

export interface PipelineOptions {
  readonly config: LocalConfig;
  readonly aws: LocalAws;
  readonly port: RequestedPort;
  readonly health: () => object | undefined;
  readonly clock: Clock;
  readonly terminal: Terminal;
}

export interface Pipeline {
  /** Of the front door. */
  readonly url: string;
  /** Lets running fetches finish for a few seconds; resolves with how many were cut off. */
  readonly stop: () => Promise<number>;
}

// Lambda starts with five pollers where no limit is set.
const UNLIMITED_CONCURRENCY = 5;

/** Runs the very functions that are deployed: the webhook behind the front door, the consumer behind its queue. */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { port, health, clock } = options;
  const mapping = createMapping(options);
  const door = await listenOrGiveWay(port, (number) =>
    openFrontDoor({
      functions: { '/webhook': createWebhook(options) },
      health,
      port: number,
      bodyLimitBytes: MAX_BODY_BYTES,
      clock,
    }),
  );
  mapping.start();

  return {
    url: door.url,
    async stop() {
      await door.stop();
      return mapping.stop();
    },
  };
}

function createWebhook({ config, aws, clock, terminal }: PipelineOptions): UrlFunction {
  const timeoutMs = Number(aws.template.functionNamed('webhook').field('timeout')) * 1000;
  const webhook = createWebhookHandler(
    { ...config, sessionsQueueUrl: aws.resources.queues.sessions },
    { secrets: createSecrets(config.secrets, clock), sqs: aws.clients.sqs, clock, telemetry: terminal },
  );
  return (event) => {
    const deadlineMs = clock.nowMs() + timeoutMs;
    return webhook(event, createLambdaContext({ functionName: 'webhook', clock, deadlineMs }));
  };
}

function createMapping({ config, aws, clock, terminal }: PipelineOptions) {
  const { queues, queueArns, topicArn, bucket, table } = aws.resources;
  const {
    batchSize,
    maximumConcurrency = UNLIMITED_CONCURRENCY,
    timeoutSeconds,
  } = readEventSource(aws.template, 'consumer');
  const consumerConfig = {
    ...config,
    sessionsQueueUrl: queues.sessions,
    recordsTopicArn: topicArn,
    archiveBucket: bucket,
    ledgerTable: table,
  };
  const secrets = createSecrets(config.secrets, clock);

  return createEventSourceMapping({
    sqs: aws.clients.sqs,
    queueUrl: queues.sessions,
    queueArn: queueArns.sessions,
    batchSize,
    maximumConcurrency,
    timeoutSeconds,
    clock,
    onEvent: terminal.showMapping,
    // Each instance has a token bucket of its own, as each of Lambda's has.
    createInvoker: () => {
      const consumer = createConsumerHandler(consumerConfig, {
        secrets,
        clients: aws.clients,
        clock,
        telemetry: terminal,
      });
      return { invoke: (event, context) => consumer(event, context) };
    },
  });
}
