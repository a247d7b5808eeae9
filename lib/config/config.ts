import type { WebsiteId } from '../ids.ts';
import type { LogLevel } from '../telemetry/events.ts';
import type { ApiKey } from './api-keys.ts';

export type CrispTier = 'plugin' | 'website';
export type HookMode = 'plugin' | 'website';

/** What becomes of the archived versions of a conversation that Crisp no longer has. */
export type RemovalPolicy = 'keep' | 'expire' | 'delete';

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
      readonly apiKeys?: readonly ApiKey[];
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
  readonly ledgerTable: string;
}

/** The two ends of the event source mapping: the consumer and its queue. */
export interface EventSourceMappingConfig {
  readonly sessionsQueueArn: string;
  readonly consumerFunctionName: string;
}

export interface ConsumerConfig extends CommonConfig, EventSourceMappingConfig {
  readonly crispApiUrl: URL;
  readonly crispTier: CrispTier;
  /** `CRISP_REQUESTS_PER_SECOND`, over all instances. */
  readonly requestsPerSecond: number;
  /** Requests that the token may make in a day; 0: no budget. */
  readonly dailyQuota: number;
  /** The part of it that live events keep, 0 to 1; backfill, reconcile and redrive plan with the rest. */
  readonly quotaLiveShare: number;
  /** How many instances share that rate: those of the functions that may run, the consumer's and the API's. */
  readonly instances: number;
  readonly include: readonly Inclusion[];
  /** How long incremental fetches use a profile again; 0: never. */
  readonly profileCacheSeconds: number;
  readonly maxPages: number;
  readonly maxConversationBytes: number;
  readonly maxResponseBytes: number;
  readonly inlineLimitBytes: number;
  /** For how long a session that is written to all the time may go without a fetch. */
  readonly maxWaitSeconds: number;
  readonly maxAttempts: number;
  readonly retryBaseSeconds: number;
  readonly sessionsQueueUrl: string;
  readonly recordsTopicArn: string;
  readonly archiveBucket: string;
  readonly ledgerTable: string;
}

/** The API fetches as the consumer does, enqueues as the webhook does, and operates as the command line does. */
export interface ApiConfig
  extends Omit<ConsumerConfig, 'recordsTopicArn' | 'inlineLimitBytes' | 'maxAttempts' | 'retryBaseSeconds'> {
  readonly stage: string;
}

/** The sweep lists conversations as the consumer fetches them, and enqueues as the webhook does. */
export interface ReconcileConfig
  extends Omit<ConsumerConfig, 'recordsTopicArn' | keyof EventSourceMappingConfig> {
  readonly onRemoved: RemovalPolicy;
}

/** The event of the schedule between the sweeps: their function then looks for people alone. */
export const PEOPLE_EVENT = { only: 'people' } as const;

/** The summary tells once a day what the stage came to; it reads no secret. */
export interface SummaryConfig extends Pick<CommonConfig, 'logLevel' | 'metricsNamespace'> {
  readonly stage: string;
  readonly alarmTopicArn: string;
}

/** The probe looks whether Crisp answers again, and turns the event source mapping on. */
export interface ProbeConfig extends CommonConfig, EventSourceMappingConfig {
  readonly crispApiUrl: URL;
  readonly crispTier: CrispTier;
  readonly maxResponseBytes: number;
  readonly ledgerTable: string;
}

/** True inside a Lambda function: its runtime always sets this variable. */
export function isOnAws({ AWS_LAMBDA_FUNCTION_NAME }: Environment): boolean {
  return AWS_LAMBDA_FUNCTION_NAME !== undefined && AWS_LAMBDA_FUNCTION_NAME !== '';
}

/** Names and texts, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that is set to nothing, as in a copied `.env` file, counts as one that is not set. */
export function dropBlanks(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, text]) => text?.trim()));
}

/** The secrets, and where they are kept. On AWS a parameter under the path bears the variable's name. */
export const SECRET_VARIABLES = [
  'CRISP_SECRETS_PATH',
  'CRISP_HOOK_SECRETS',
  'CRISP_TOKEN_IDENTIFIER',
  'CRISP_TOKEN_KEY',
  'API_KEYS',
] as const;

/**
 * `TRIGGER_EVENTS` where it is not set: whatever changes what a record says, less what is mere presence (typing,
 * availability, read marks, page views).
 */
export const DEFAULT_TRIGGER_EVENTS: readonly string[] = [
  'message:send',
  'message:received',
  'message:updated',
  'message:removed',
  'session:set_state',
  'session:set_routing',
  'session:set_inbox',
  'session:set_segments',
  'session:set_data',
  'session:set_email',
  'session:set_phone',
  'session:set_nickname',
  'session:set_subject',
  'session:set_participants',
  'session:set_block',
  'session:update_verify',
  'session:sync:rating',
  'session:sync:topic',
  'session:removed',
  'people:bind:session',
  'people:profile:updated',
  'people:profile:removed',
];

/** SQS deduplicates for five minutes: a longer bucket would only be cut in two. */
export const MAX_COALESCE_SECONDS = 300;

/** With the longest bucket it makes the queue's delay, of which SQS allows 900 s. */
export const MAX_MARGIN_SECONDS = 300;

export interface CoalesceWindow {
  /** B: length of a bucket in seconds, at most `MAX_COALESCE_SECONDS`. */
  readonly coalesceSeconds: number;
  /** Time added after the bucket's end before a fetch may start; absorbs clock differences. */
  readonly marginSeconds: number;
}
