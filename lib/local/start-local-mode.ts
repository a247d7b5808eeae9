import type { LocalConfig } from '../core/config/parse-local-config.ts';
import type { InfraSettings } from '../core/config/to-infra-settings.ts';
import type { WebsiteId } from '../core/ids.ts';
import { type LocalSettings, toLocalSettings } from '../core/local-settings.ts';
import type { Clock } from '../ports/clock.ts';
import type { AwsEndpoints } from './aws/endpoints.ts';
import { checkCrisp } from './check-crisp.ts';
import type { LocalOptions } from './local-options.ts';
import { type QueueDepths, readQueueDepths } from './queue-depth.ts';
import { ARCHIVING_EVENTS } from './simulator/events.ts';
import type { SubscriptionInput } from './simulator/hooks.ts';
import { type LocalAws, startAws } from './start-aws.ts';
import { type Pipeline, startPipeline } from './start-pipeline.ts';
import { type SimulatedCrisp, startSimulatedCrisp } from './start-simulated-crisp.ts';
import type { Terminal } from './terminal/open-terminal.ts';

export interface LocalModeInput {
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

    const config = crisp?.config ?? input.config;
    const pipeline = await startPipeline({
      config,
      aws,
      port: options.port,
      health: () => health,
      clock,
      terminal,
    });
    started.unshift(pipeline.stop);

    health = toHealth(pipeline.url, { aws, config, settings: toLocalSettings(input.config, settings) });
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
  { aws, config, settings }: { aws: LocalAws; config: LocalConfig; settings: LocalSettings },
): LocalHealth {
  const { queues, topicArn, bucket, table } = aws.resources;
  return {
    status: 'ok',
    stage: 'local',
    webhook: `${url}/webhook`,
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
