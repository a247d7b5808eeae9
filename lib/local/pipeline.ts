import type { EventSourceMapping } from '../breaker/mapping.ts';
import type { Clock } from '../clock.ts';
import { type ConsumerConfig, PEOPLE_EVENT } from '../config/config.ts';
import { readEventSource, readScheduleMs } from '../config/infra-template.ts';
import type { LocalConfig } from '../config/local-config.ts';
import { createSecrets } from '../config/secret-reader.ts';
import type { ConsoleOptions } from '../console/context.ts';
import type { Console } from '../console/server.ts';
import { MAX_BODY_BYTES } from '../webhook/verify.ts';
import type { LocalAws } from './aws/embedded-aws.ts';
import { type FrontDoor, openFrontDoor, type UrlFunction } from './front-door.ts';
import { listenOrGiveWay } from './http-server.ts';
import {
  createLocalMapping,
  type LocalMapping,
  toEventSourceMapping,
} from './lambda/event-source-mapping.ts';
import { createLambdaContext } from './lambda/instances.ts';
import { startSchedule } from './lambda/schedule.ts';
import type { RequestedPort } from './options.ts';
import type { Terminal } from './terminal.ts';

interface PipelineOptions {
  readonly config: LocalConfig;
  readonly aws: LocalAws;
  readonly port: RequestedPort;
  readonly health: () => object | undefined;
  readonly clock: Clock;
  readonly terminal: Terminal;
  readonly console: Omit<ConsoleOptions, 'connect' | 'clock'>;
}

export interface Pipeline {
  /** Of the front door. */
  readonly url: string;
  /** Between the queue and the consumer. */
  readonly mapping: EventSourceMapping;
  /** One run of the probe, beside those of its schedule. */
  readonly probe: () => Promise<void>;
  /** One sweep, likewise. */
  readonly reconcile: () => Promise<void>;
  /** One run of the same function over the people whose profile changed. */
  readonly refreshPeople: () => Promise<void>;
  /** Lets running fetches finish for a few seconds; resolves with how many were cut off. */
  readonly stop: () => Promise<number>;
}

// Lambda starts with five pollers where no limit is set.
const UNLIMITED_CONCURRENCY = 5;

/**
 * Runs the very functions that are deployed: the webhook behind the front door, the consumer behind its queue, the probe
 * and the sweeps on their schedules.
 */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { aws, port, health, clock, terminal } = options;
  const mapping = toEventSourceMapping(() => poller);
  const poller: LocalMapping = createMapping(options, mapping);
  const probe = createProbe(options, mapping);
  const runReconcile = createReconcile(options);
  const [reconcile, refreshPeople] = [() => runReconcile({}), () => runReconcile(PEOPLE_EVENT)];
  const console = createLocalConsole(options, () => door.url);
  const door: FrontDoor = await listenOrGiveWay(port, (number) =>
    openFrontDoor({
      functions: { '/webhook': createWebhook(options) },
      api: createApi(options, mapping),
      console: console.answer,
      health,
      deliveries: mapping,
      port: number,
      bodyLimitBytes: MAX_BODY_BYTES,
      clock,
    }),
  );
  poller.start();
  const onFailure = (error: unknown) => terminal.showMapping({ name: 'schedule-failed', error });
  const schedules = [
    { everyMs: readScheduleMs(aws.template, 'probe'), run: probe },
    { everyMs: readScheduleMs(aws.template, 'reconcile'), run: reconcile },
    { everyMs: readScheduleMs(aws.template, 'reconcile', PEOPLE_EVENT), run: refreshPeople },
  ].map((schedule) => startSchedule({ ...schedule, clock, onFailure }));

  return {
    url: door.url,
    mapping,
    probe,
    reconcile,
    refreshPeople,
    async stop() {
      // It holds streams open that would never end by themselves.
      await console.stop();
      await door.stop();
      await Promise.all(schedules.map((schedule) => schedule.stop()));
      return poller.stop();
    },
  };
}

/** A function is loaded by its first call, as on Lambda: a start waits for none of them. */
function loadOnce<Event, Result>(
  load: () => Promise<(event: Event) => Promise<Result>>,
): (event: Event) => Promise<Result> {
  let loading: ReturnType<typeof load> | undefined;
  return async (event) => {
    loading ??= load();
    return (await loading)(event);
  };
}

function createWebhook({ config, aws, clock, terminal }: PipelineOptions): UrlFunction {
  return loadOnce(async () => {
    const { createWebhookHandler } = await import('../webhook/handler.ts');
    const { createDynamoSessionNotes } = await import('../ledger/session-notes.ts');
    const { toItemUpdate } = await import('../ledger/table.ts');
    const ledger = { client: aws.clients.dynamodb, table: aws.resources.table };
    const webhook = createWebhookHandler(
      { ...config, sessionsQueueUrl: aws.resources.queues.sessions, ledgerTable: aws.resources.table },
      {
        secrets: createSecrets(config.secrets, clock),
        sqs: aws.clients.sqs,
        sessions: createDynamoSessionNotes(ledger),
        updateItem: toItemUpdate(aws.clients.dynamodb),
        clock,
        telemetry: terminal,
      },
    );
    return (event) => webhook(event, createContext('webhook', aws, clock));
  });
}

function createApi(
  { config, aws, clock, terminal }: PipelineOptions,
  mapping: EventSourceMapping,
): UrlFunction {
  return loadOnce(async () => {
    const { createApiHandler } = await import('../api/handler.ts');
    const secrets = createSecrets(config.secrets, clock);
    const api = createApiHandler(
      { ...toFunctionConfig(config, aws), stage: 'local' },
      { secrets, clients: aws.clients, mapping, clock, telemetry: terminal },
    );
    return (event) => api(event, createContext('api', aws, clock));
  });
}

/** The console over this very process, loaded by its first request. */
function createLocalConsole({ console, config, aws, clock }: PipelineOptions, urlOf: () => string): Console {
  let loading: Promise<Console> | undefined;
  const load = async () => {
    const [{ createConsole }, { connectStage }] = await Promise.all([
      import('../console/server.ts'),
      import('../operate/operations.ts'),
    ]);
    const connect = () => {
      const { coalesce, websiteIds } = config;
      const place = { localUrl: new URL(urlOf()), region: aws.region, profile: undefined };
      return connectStage({
        stage: undefined,
        region: undefined,
        clock,
        config: { ...place, coalesce, websiteIds },
      });
    };
    return createConsole({ ...console, connect, clock });
  };
  return {
    async answer(incoming, outgoing) {
      loading ??= load();
      return (await loading).answer(incoming, outgoing);
    },
    stop: async () => (await loading)?.stop(),
  };
}

function createProbe({ config, aws, clock, terminal }: PipelineOptions, mapping: EventSourceMapping) {
  const probe = loadOnce(async () => {
    const { createProbeHandler } = await import('../breaker/probe.ts');
    const handle = createProbeHandler(toFunctionConfig(config, aws), {
      secrets: createSecrets(config.secrets, clock),
      dynamodb: aws.clients.dynamodb,
      mapping,
      clock,
      telemetry: terminal,
    });
    return (event: object) => handle(event, createContext('probe', aws, clock));
  });
  return () => probe({});
}

function createReconcile({ config, aws, clock, terminal }: PipelineOptions) {
  return loadOnce(async () => {
    const { createReconcileHandler } = await import('../operate/reconcile-sweeps.ts');
    const handle = createReconcileHandler(toFunctionConfig(config, aws), {
      secrets: createSecrets(config.secrets, clock),
      clients: aws.clients,
      clock,
      telemetry: terminal,
    });
    return (event: object) => handle(event, createContext('reconcile', aws, clock));
  });
}

function createMapping(
  { config, aws, clock, terminal }: PipelineOptions,
  mapping: EventSourceMapping,
): LocalMapping {
  const { queues, queueArns } = aws.resources;
  const {
    batchSize,
    maximumConcurrency = UNLIMITED_CONCURRENCY,
    timeoutSeconds,
  } = readEventSource(aws.template, 'consumer');
  const consumerConfig = toFunctionConfig(config, aws);
  const secrets = createSecrets(config.secrets, clock);

  return createLocalMapping({
    sqs: aws.clients.sqs,
    queueUrl: queues.sessions,
    queueArn: queueArns.sessions,
    batchSize,
    maximumConcurrency,
    timeoutSeconds,
    clock,
    onEvent: terminal.showMapping,
    // Each instance has a token bucket of its own, as each of Lambda's has.
    createInvoker: async () => {
      const { createConsumerHandler } = await import('../consumer/handler.ts');
      const consumer = createConsumerHandler(consumerConfig, {
        secrets,
        clients: aws.clients,
        mapping,
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
