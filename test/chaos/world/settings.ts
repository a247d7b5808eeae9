import { QUEUE_NUMBERS } from '../../../lib/aws/queues.ts';
import type { Terms } from '../oracle/history.ts';
import { CANARIES } from './crisp-store.ts';

/** What differs between one world and another before anything happens in it. */
export interface WorldSettings {
  readonly seed: number;
  readonly startMs: number;
  readonly coalesceSeconds: number;
  readonly marginSeconds: number;
  /** Of the sessions queue, where somebody changed it; undefined: as the template has it. */
  readonly queueDelaySeconds?: number | undefined;
  /** `ENRICH_INCLUDE`. */
  readonly include: string;
  readonly inlineLimitBytes: number;
  readonly maxPages: number;
  /** `CRISP_DAILY_QUOTA`; undefined: the tier's, which no run uses up. */
  readonly dailyQuota?: number | undefined;
  readonly crisp: CrispHabits;
  readonly hooks: HookHabits;
  /** The first of them is the one whose events come most often. */
  readonly websiteIds: readonly string[];
}

export const SECRETS = {
  hook: 'whsec-canary-7f3a-first',
  nextHook: 'whsec-canary-7f3a-second',
  token: { identifier: '7f3a0000-canary-token-first', key: 'canary-key-7f3a-first'.padEnd(64, '0') },
  nextToken: { identifier: '7f3a0000-canary-token-second', key: 'canary-key-7f3a-second'.padEnd(64, '0') },
} as const;

export const STAGE = 'chaos';
export const SECRETS_PATH = `/crisp-enrich/${STAGE}/`;
export const CONSUMER_CONCURRENCY = 2;
export const CONSUMER_TIMEOUT_MS = 600_000;
const REQUESTS_PER_SECOND = 10;
/** The rate is shared with the API, which has one instance. */
const INSTANCES = CONSUMER_CONCURRENCY + 1;
const MAX_ATTEMPTS = 5;

export const RECEIVE_LIMIT = QUEUE_NUMBERS.receiveLimit;
export const VISIBILITY_SECONDS = QUEUE_NUMBERS.visibilitySeconds;
export const RETENTION_SECONDS = QUEUE_NUMBERS.retentionSeconds;

/** How long a request to Crisp is on its way, at least and at most. */
export const CRISP_TRANSIT_MS = [5, 30] as const;
/** How long the event source mapping takes to change its state. */
export const MAPPING_CHANGE_MS = [2_000, 60_000] as const;

/** The environment of the functions, as the template and whoever deploys set it. */
export function toEnvironment(settings: WorldSettings) {
  return {
    CRISP_SECRETS_PATH: SECRETS_PATH,
    CRISP_HOOK_MODE: settings.hooks.mode,
    CRISP_WEBSITE_IDS: settings.websiteIds.join(','),
    CRISP_REQUESTS_PER_SECOND: String(REQUESTS_PER_SECOND),
    CONSUMER_CONCURRENCY: String(CONSUMER_CONCURRENCY),
    COALESCE_SECONDS: String(settings.coalesceSeconds),
    COALESCE_MARGIN_SECONDS: String(settings.marginSeconds),
    ENRICH_INCLUDE: settings.include,
    INLINE_LIMIT_BYTES: String(settings.inlineLimitBytes),
    MAX_PAGES: String(settings.maxPages),
    CRISP_DAILY_QUOTA: settings.dailyQuota === undefined ? '' : String(settings.dailyQuota),
    MAX_ATTEMPTS: String(MAX_ATTEMPTS),
    SESSIONS_QUEUE_URL: `https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-${STAGE}-sessions.fifo`,
    SESSIONS_QUEUE_ARN: `arn:aws:sqs:eu-west-1:123456789012:crisp-enrich-${STAGE}-sessions.fifo`,
    CONSUMER_FUNCTION_NAME: `crisp-enrich-${STAGE}-consumer`,
    RECORDS_TOPIC_ARN: `arn:aws:sns:eu-west-1:123456789012:crisp-enrich-${STAGE}-records`,
    ARCHIVE_BUCKET: `crisp-enrich-${STAGE}-archive`,
    LEDGER_TABLE: `crisp-enrich-${STAGE}-ledger`,
  } as const;
}

/** The promises' numbers for a world of these settings. */
export function toTerms(settings: WorldSettings): Terms {
  const { hook, nextHook, token, nextToken } = SECRETS;
  const keys = [token, nextToken].flatMap(({ identifier, key }) => [identifier, key]);
  const { typed, ...canaries } = CANARIES;
  return {
    coalesceSeconds: settings.coalesceSeconds,
    requestsPerSecond: (REQUESTS_PER_SECOND * CONSUMER_CONCURRENCY) / INSTANCES,
    consumerInstances: CONSUMER_CONCURRENCY,
    receiveLimit: RECEIVE_LIMIT,
    maxAttempts: MAX_ATTEMPTS,
    dailyQuota: settings.dailyQuota,
    visibilityTimeoutMs: VISIBILITY_SECONDS * 1000,
    functionTimeoutMs: CONSUMER_TIMEOUT_MS,
    // The throttle keeps a token that was due up to ten milliseconds ago.
    transitJitterMs: CRISP_TRANSIT_MS[1] - CRISP_TRANSIT_MS[0] + 10,
    mappingPropagationMs: MAPPING_CHANGE_MS[1],
    // What somebody types and has not sent is nobody's to keep.
    secrets: [hook, nextHook, ...keys, typed],
    canaries: Object.values(canaries),
  };
}

export interface CrispHabits {
  readonly pageSize: number;
  /** Whether `timestamp_before` lets through a message of that very moment. */
  readonly isInclusive: boolean;
  /** False: it answers 200 although older messages exist. */
  readonly says206: boolean;
}

export interface HookHabits {
  readonly mode: 'plugin' | 'website';
  readonly timestampUnit: 's' | 'ms';
  readonly isBase64: boolean;
  /** A retry carries the first try's timestamp and signature, or new ones. */
  readonly resigns: boolean;
}
