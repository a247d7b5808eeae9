import { randomBytes } from 'node:crypto';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { STAGE_QUEUE_NAMES, type StageQueue } from '../aws/queues.ts';
import type { Clock } from '../clock.ts';
import { API_SCOPES } from '../config/api-keys.ts';
import type { InfraSettings } from '../config/infra-settings.ts';
import type { LocalConfig } from '../config/local-config.ts';
import type { WebsiteId } from '../ids.ts';
import { type LocalSettings, toLocalSettings } from '../operate/stage.ts';
import { type LocalAws, startAws } from './aws/embedded-aws.ts';
import type { AwsEndpoints } from './aws/endpoints.ts';
import { checkCrisp, type SimulatedCrisp, startSimulatedCrisp } from './crisp.ts';
import type { Demo } from './demo/demo.ts';
import type { LocalOptions } from './options.ts';
import { type Pipeline, startPipeline } from './pipeline.ts';
import { ARCHIVING_EVENTS } from './simulator/events.ts';
import type { SubscriptionInput } from './simulator/hooks.ts';
import type { Terminal } from './terminal.ts';

interface LocalModeInput {
  readonly options: LocalOptions;
  readonly config: LocalConfig;
  readonly settings: InfraSettings;
  /** AWS services that are not to be embedded. */
  readonly givenEndpoints: Partial<AwsEndpoints>;
  readonly clock: Clock;
  readonly terminal: Terminal;
}

export interface LocalMode {
  /** What `GET /healthz` tells a program. */
  readonly health: LocalHealth;
  readonly aws: LocalAws;
  readonly pipeline: Pipeline;
  /** With `--once`: what the queues held before anything ran. */
  readonly baseline: QueueDepths | undefined;
  /** Undefined where Crisp is the real one, or another server that was named. */
  readonly crisp: SimulatedCrisp | undefined;
  /** Stops what was started, in the order in which work flows; resolves with the number of fetches cut off. */
  readonly stop: () => Promise<number>;
}

export interface LocalHealth {
  readonly status: 'ok';
  readonly stage: 'local';
  readonly webhook: string;
  readonly api: string;
  readonly console: string;
  /** Of this start, for the page's address: whoever may read `healthz` may use the console. */
  readonly console_token: string;
  /** Made at this start; absent where `API_KEYS` is set. */
  readonly api_key?: string;
  readonly aws: { readonly region: string; readonly endpoints: AwsEndpoints };
  readonly queues: LocalAws['resources']['queues'];
  readonly topic: string;
  readonly bucket: string;
  readonly table: string;
  readonly crisp: string;
  /** Empty: all. */
  readonly websites: readonly WebsiteId[];
  readonly settings: LocalSettings;
}

const CONSOLE_TOKEN_BYTES = 24;

/** Starts the whole pipeline on this machine. Whatever fails on the way, what was started is stopped again. */
export async function startLocalMode(input: LocalModeInput): Promise<LocalMode> {
  const { options, settings, givenEndpoints, clock, terminal } = input;
  const started: (() => Promise<unknown>)[] = [];
  let health: LocalHealth | undefined;
  try {
    const { dataDir, awsPort } = options;
    const aws = await startAws({ givenEndpoints, port: awsPort, dataDir, settings, clock });
    started.unshift(aws.stop);
    const baseline = options.once ? await readQueueDepths(aws) : undefined;

    const crisp = input.config.hasCrispCredentials
      ? undefined
      : await startSimulatedCrisp(input.config, { clock, dataDir });
    if (crisp) started.unshift(crisp.stop);

    const { config, madeKey } = withApiKey(crisp?.config ?? input.config);
    const player = crisp && createPlayer(crisp, clock);
    if (player) started.unshift(player.stop);
    const consoleToken = randomBytes(CONSOLE_TOKEN_BYTES).toString('base64url');
    const pipeline = await startPipeline({
      config,
      aws,
      port: options.port,
      health: () => health,
      clock,
      terminal,
      console: { token: consoleToken, traffic: terminal.traffic, ...(player && { play: player.play }) },
    });
    started.unshift(pipeline.stop);

    health = toHealth(pipeline.url, {
      aws,
      config,
      madeKey,
      consoleToken,
      settings: toLocalSettings(input.config, settings),
    });
    if (!crisp) warnAboutCrisp(config, input);
    crisp?.simulator.subscribeHook(toSubscription(health.webhook, crisp));
    return { health, aws, pipeline, baseline, crisp, stop: () => stopAll(pipeline.stop, started) };
  } catch (error) {
    for (const stop of started) await stop();
    throw error;
  }
}

async function stopAll(
  stopPipeline: () => Promise<number>,
  started: (() => Promise<unknown>)[],
): Promise<number> {
  const cutOff = await stopPipeline();
  for (const stop of started) if (stop !== stopPipeline) await stop();
  return cutOff;
}

/** Lets conversations happen when the console is asked to; the demo is loaded by the first one. */
function createPlayer({ simulator }: SimulatedCrisp, clock: Clock) {
  let loading: Promise<Demo> | undefined;
  return {
    play(): void {
      loading ??= import('./demo/demo.ts').then(({ createDemo }) => createDemo({ simulator, clock }));
      void loading.then((demo) => demo.play());
    },
    stop: async () => (await loading)?.stop(),
  };
}

/** Where nobody has set a key, one is made for this run: whoever may read `healthz` on this machine may use it. */
function withApiKey(config: LocalConfig): { readonly config: LocalConfig; readonly madeKey?: string } {
  const { secrets } = config;
  if (secrets.source !== 'environment' || (secrets.apiKeys ?? []).length > 0) return { config };
  const madeKey = randomBytes(16).toString('hex');
  const apiKeys = [{ name: 'local', scopes: API_SCOPES, key: madeKey }];
  return { config: { ...config, secrets: { ...secrets, apiKeys } }, madeKey };
}

/** Beside the start, which does not wait for it: the pipeline takes hooks in whatever Crisp says now. */
function warnAboutCrisp(config: LocalConfig, { clock, terminal }: LocalModeInput): void {
  checkCrisp(config, clock).then(
    (findings) => findings.forEach(terminal.say),
    () => undefined,
  );
}

/** The hook as somebody who archives conversations would configure it at Crisp. */
function toSubscription(webhook: string, { config, simulator }: SimulatedCrisp): SubscriptionInput {
  return config.hookMode === 'website'
    ? {
        url: `${webhook}?key=${encodeURIComponent(simulator.hookSecret)}`,
        mode: 'website',
        events: ARCHIVING_EVENTS,
      }
    : { url: webhook, mode: 'plugin', events: ARCHIVING_EVENTS };
}

function toHealth(
  url: string,
  {
    aws,
    config,
    madeKey,
    consoleToken,
    settings,
  }: {
    aws: LocalAws;
    config: LocalConfig;
    madeKey: string | undefined;
    consoleToken: string;
    settings: LocalSettings;
  },
): LocalHealth {
  const { queues, topicArn, bucket, table } = aws.resources;
  return {
    status: 'ok',
    stage: 'local',
    webhook: `${url}/webhook`,
    api: `${url}/v1`,
    console: `${url}/console`,
    console_token: consoleToken,
    ...(madeKey !== undefined && { api_key: madeKey }),
    aws: { region: aws.region, endpoints: aws.endpoints },
    queues,
    topic: topicArn,
    bucket,
    table,
    crisp: config.crispApiUrl.href.replace(/\/$/, ''),
    websites: config.websiteIds,
    settings,
  };
}

/** How many messages a queue holds, by what they wait for. */
export interface QueueDepth {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
  readonly total: number;
}

/** Reads a queue's own counters. */
export async function readQueueDepth(sqs: SQSClient, queueUrl: string): Promise<QueueDepth> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    }),
  );
  const visible = Number(Attributes.ApproximateNumberOfMessages ?? 0);
  const inFlight = Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0);
  const delayed = Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0);
  return { visible, inFlight, delayed, total: visible + inFlight + delayed };
}

/** How many messages each queue holds in all. */
export type QueueDepths = Readonly<Record<StageQueue, number>>;

export async function readQueueDepths({ clients, resources }: Pick<LocalAws, 'clients' | 'resources'>) {
  const entries = STAGE_QUEUE_NAMES.map(
    async (key) => [key, (await readQueueDepth(clients.sqs, resources.queues[key])).total] as const,
  );
  // Object.fromEntries widens the keys; STAGE_QUEUE_NAMES holds each of them.
  return Object.fromEntries(await Promise.all(entries)) as QueueDepths;
}
