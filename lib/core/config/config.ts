import type { WebsiteId } from '../ids.ts';
import type { CoalesceWindow } from '../job/coalesce.ts';

export type CrispTier = 'plugin' | 'website';
export type HookMode = 'plugin' | 'website';
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type Inclusion = 'profile' | 'pages' | 'events' | 'relations';

/** The keypair of a Crisp token. */
export interface CrispToken {
  readonly identifier: string;
  readonly key: string;
}

/**
 * Where secrets come from. On AWS the environment only names an SSM path (`/crisp-enrich/{stage}/`), and a parameter
 * that does not exist yet is no error of the configuration; locally they are in the environment and checked at start.
 */
export type SecretsConfig =
  | { readonly source: 'ssm'; readonly path: string; readonly areUrlKeys?: boolean }
  | {
      readonly source: 'environment';
      readonly hookSecrets: readonly string[];
      readonly crispToken: CrispToken | undefined;
    };

/** One entry of `TRIGGER_EVENTS`: `name`, `prefix*`, or `name=value` (held against `data.state`). */
export interface EventTrigger {
  readonly name: string;
  /** True for `prefix*`; `name` is then the prefix. */
  readonly isPrefix: boolean;
  readonly state?: string;
}

/** What every part of the pipeline shares. Empty `websiteIds` means all websites. */
export interface CommonConfig {
  readonly websiteIds: readonly WebsiteId[];
  readonly coalesce: CoalesceWindow;
  readonly secrets: SecretsConfig;
  readonly logLevel: LogLevel;
  /** CloudWatch namespace of the metrics: the stage's own, for their dimensions do not name it. */
  readonly metricsNamespace: string;
}

export interface WebhookConfig extends CommonConfig {
  readonly hookMode: HookMode;
  readonly hookMaxAgeSeconds: number;
  readonly triggers: readonly EventTrigger[];
  readonly sessionsQueueUrl: string;
}

/** Where the tap of the sessions queue is: the trigger of the consumer. */
export interface TapConfig {
  readonly sessionsQueueArn: string;
  readonly consumerFunctionName: string;
}

export interface ConsumerConfig extends CommonConfig, TapConfig {
  readonly crispApiUrl: URL;
  readonly crispTier: CrispTier;
  /** `CRISP_REQUESTS_PER_SECOND`, over all instances. */
  readonly requestsPerSecond: number;
  /** How many instances share that rate: consumer concurrency + API concurrency + 1 for reconcile. */
  readonly instances: number;
  readonly include: readonly Inclusion[];
  readonly maxPages: number;
  readonly maxResponseBytes: number;
  readonly inlineLimitBytes: number;
  readonly maxAttempts: number;
  readonly retryBaseSeconds: number;
  readonly sessionsQueueUrl: string;
  readonly recordsTopicArn: string;
  readonly archiveBucket: string;
  readonly ledgerTable: string;
}

/** The summary tells once a day what the stage came to; it reads no secret. */
export interface SummaryConfig extends Pick<CommonConfig, 'logLevel' | 'metricsNamespace'> {
  readonly stage: string;
  readonly alarmTopicArn: string;
}

/** The probe looks whether Crisp answers again, and turns the tap. */
export interface ProbeConfig extends CommonConfig, TapConfig {
  readonly crispApiUrl: URL;
  readonly crispTier: CrispTier;
  readonly maxResponseBytes: number;
  readonly ledgerTable: string;
}
