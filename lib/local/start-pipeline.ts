import { createSecrets } from '../adapters/secrets/create-secrets.ts';
import { createConsumerHandler } from '../app/create-consumer-handler.ts';
import { createProbeHandler } from '../app/create-probe-handler.ts';
import { createWebhookHandler } from '../app/create-webhook-handler.ts';
import type { ConsumerConfig } from '../core/config/config.ts';
import type { LocalConfig } from '../core/config/parse-local-config.ts';
import { MAX_BODY_BYTES } from '../core/hook/read-hook-body.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConsumerSwitch } from '../ports/consumer-switch.ts';
import { readEventSource, readScheduleMs } from './aws/infra.ts';
import { openFrontDoor, type UrlFunction } from './front-door.ts';
import { createEventSourceMapping, type EventSourceMapping } from './lambda/event-source-mapping.ts';
import { createLambdaContext } from './lambda/lambda-context.ts';
import { createLocalConsumerSwitch } from './lambda/local-consumer-switch.ts';
import { startSchedule } from './lambda/start-schedule.ts';
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
  /** The tap between the queue and the consumer. */
  readonly tap: ConsumerSwitch;
  /** One run of the probe, beside those of its schedule. */
  readonly probe: () => Promise<void>;
  /** Lets running fetches finish for a few seconds; resolves with how many were cut off. */
  readonly stop: () => Promise<number>;
}

// Lambda starts with five pollers where no limit is set.
const UNLIMITED_CONCURRENCY = 5;

/**
 * Runs the very functions that are deployed: the webhook behind the front door, the consumer behind its queue, the probe
 * on its schedule.
 */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { aws, port, health, clock, terminal } = options;
  const tap = createLocalConsumerSwitch(() => mapping);
  const mapping: EventSourceMapping = createMapping(options, tap);
  const probe = createProbe(options, tap);
  const door = await listenOrGiveWay(port, (number) =>
    openFrontDoor({
      functions: { '/webhook': createWebhook(options) },
      health,
      deliveries: tap,
      port: number,
      bodyLimitBytes: MAX_BODY_BYTES,
      clock,
    }),
  );
  mapping.start();
  const onFailure = (error: unknown) => terminal.showMapping({ name: 'schedule-failed', error });
  const schedule = startSchedule({
    everyMs: readScheduleMs(aws.template, 'probe'),
    run: probe,
    clock,
    onFailure,
  });

  return {
    url: door.url,
    tap,
    probe,
    async stop() {
      await door.stop();
      await schedule.stop();
      return mapping.stop();
    },
  };
}

function createWebhook({ config, aws, clock, terminal }: PipelineOptions): UrlFunction {
  const webhook = createWebhookHandler(
    { ...config, sessionsQueueUrl: aws.resources.queues.sessions },
    { secrets: createSecrets(config.secrets, clock), sqs: aws.clients.sqs, clock, telemetry: terminal },
  );
  return (event) => webhook(event, createContext('webhook', aws, clock));
}

function createProbe({ config, aws, clock, terminal }: PipelineOptions, consumerSwitch: ConsumerSwitch) {
  const probe = createProbeHandler(toFunctionConfig(config, aws), {
    secrets: createSecrets(config.secrets, clock),
    dynamodb: aws.clients.dynamodb,
    consumerSwitch,
    clock,
    telemetry: terminal,
  });
  return () => probe({}, createContext('probe', aws, clock));
}

function createMapping(
  { config, aws, clock, terminal }: PipelineOptions,
  consumerSwitch: ConsumerSwitch,
): EventSourceMapping {
  const { queues, queueArns } = aws.resources;
  const {
    batchSize,
    maximumConcurrency = UNLIMITED_CONCURRENCY,
    timeoutSeconds,
  } = readEventSource(aws.template, 'consumer');
  const consumerConfig = toFunctionConfig(config, aws);
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
        consumerSwitch,
        returnsInFlight: aws.hasOwnQueues,
        clock,
        telemetry: terminal,
      });
      return { invoke: (event, context) => consumer(event, context) };
    },
  });
}

/** The configuration with the resources that were created. */
function toFunctionConfig(config: LocalConfig, { resources }: LocalAws): LocalConfig & ConsumerConfig {
  const { queues, queueArns, topicArn, bucket, table } = resources;
  return {
    ...config,
    sessionsQueueUrl: queues.sessions,
    sessionsQueueArn: queueArns.sessions,
    consumerFunctionName: 'consumer',
    recordsTopicArn: topicArn,
    archiveBucket: bucket,
    ledgerTable: table,
  };
}

function createContext(functionName: string, { template }: LocalAws, clock: Clock) {
  const timeoutMs = Number(template.functionNamed(functionName).field('timeout')) * 1000;
  return createLambdaContext({ functionName, clock, deadlineMs: clock.nowMs() + timeoutMs });
}
