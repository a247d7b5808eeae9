import * as z from 'zod/mini';
import type { ConfigProblem } from '../errors.ts';
import { isStageName, parseWebsiteId } from '../ids.ts';
import { findNearestName, toPrintable } from '../text.ts';
import {
  DEFAULT_TRIGGER_EVENTS,
  type Environment,
  type Inclusion,
  MAX_COALESCE_SECONDS,
  MAX_MARGIN_SECONDS,
  SECRET_VARIABLES,
} from './config.ts';
import {
  apiUrl,
  dailyQuota,
  eventTriggers,
  listOf,
  matching,
  oneOf,
  optional,
  rate,
  share,
  variable,
  wholeNumber,
} from './rules.ts';

export const DEFAULT_CRISP_API_URL = 'https://api.crisp.chat/v1';

export const INCLUSIONS: readonly Inclusion[] = ['profile', 'pages', 'events', 'relations'];
const MIB = 1024 * 1024;

/** Every variable that is no secret, with its rule and its default; each part of the pipeline picks its own. */
export const variables = z.object({
  CRISP_API_URL: apiUrl(DEFAULT_CRISP_API_URL),
  CRISP_TIER: oneOf(['plugin', 'website'], 'plugin'),
  CRISP_WEBSITE_IDS: listOf({ expected: 'website ids (UUIDs)', fallback: '', parseItem: parseWebsiteId }),
  CRISP_HOOK_MODE: oneOf(['plugin', 'website'], 'plugin'),
  // A day: a retry may carry the timestamp of the first try, and a replay costs one coalesced fetch.
  CRISP_HOOK_MAX_AGE_SECONDS: wholeNumber({ min: 1, max: 31_536_000, fallback: 86_400 }),
  CRISP_REQUESTS_PER_SECOND: rate({ max: 1000, fallback: 10 }),
  // Null: the tier's. 0: no budget.
  CRISP_DAILY_QUOTA: dailyQuota(100_000_000),
  QUOTA_LIVE_SHARE: share(0.7),
  // Lambda's bounds for an event source mapping's MaximumConcurrency.
  CONSUMER_CONCURRENCY: wholeNumber({ min: 2, max: 1000, fallback: 2 }),
  API_CONCURRENCY: wholeNumber({ min: 0, max: 1000, fallback: 1 }),
  COALESCE_SECONDS: wholeNumber({ min: 1, max: MAX_COALESCE_SECONDS, fallback: 60 }),
  COALESCE_MARGIN_SECONDS: wholeNumber({ min: 1, max: MAX_MARGIN_SECONDS, fallback: 10 }),
  // 0: every bucket is fetched.
  COALESCE_MAX_WAIT_SECONDS: wholeNumber({ min: 0, max: 3600, fallback: 300 }),
  // Below the queue's receive limit of 20: the receives that are left take a dead message to the DLQ.
  MAX_ATTEMPTS: wholeNumber({ min: 1, max: 19, fallback: 5 }),
  RETRY_BASE_SECONDS: wholeNumber({ min: 1, max: 900, fallback: 30 }),
  TRIGGER_EVENTS: eventTriggers(DEFAULT_TRIGGER_EVENTS),
  ENRICH_INCLUDE: listOf({
    expected: `some of ${INCLUSIONS.join(', ')}`,
    fallback: 'profile',
    parseItem: (text) => INCLUSIONS.find((inclusion) => inclusion === text),
  }),
  PROFILE_CACHE_SECONDS: wholeNumber({ min: 0, max: 86_400, fallback: 3600 }),
  MAX_PAGES: wholeNumber({ min: 1, max: 100_000, fallback: 600 }),
  // Five at once take up to 15 bytes of memory for each of theirs: 750 of the consumer's 1,024 MiB.
  MAX_CONVERSATION_BYTES: wholeNumber({ min: 1024, max: 1024 * MIB, fallback: 8 * MIB }),
  MAX_RESPONSE_BYTES: wholeNumber({ min: 1024, max: 128 * MIB, fallback: 16 * MIB }),
  // SNS takes 256 KiB, attributes included.
  INLINE_LIMIT_BYTES: wholeNumber({ min: 0, max: 256 * 1024, fallback: 204_800 }),
  ARCHIVE_RETENTION_DAYS: wholeNumber({ min: 1, max: 36_500, fallback: 400 }),
  ON_REMOVED: oneOf(['keep', 'expire', 'delete'], 'delete'),
  // A sweep ends within a quarter of an hour, so that two never run at once.
  RECONCILE_EVERY_MINUTES: wholeNumber({ min: 15, max: 1440, fallback: 60 }),
  LOG_LEVEL: oneOf(['debug', 'info', 'warn', 'error'], 'info'),

  // Of the template alone.
  ALARM_EMAIL: optional(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, 'an e-mail address'),
  // An alarm looks back at most seven days. 0: none, for only the team knows how quiet its nights are.
  NO_HOOKS_ALARM_HOURS: wholeNumber({ min: 0, max: 168, fallback: 0 }),
  KMS_KEY_ARN: optional(
    /^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/,
    'the ARN of a KMS key (not of an alias)',
  ),
  // 0: none. A small account refuses any: it must keep 100 unreserved.
  WEBHOOK_RESERVED_CONCURRENCY: wholeNumber({ min: 0, max: 10_000, fallback: 0 }),

  // Set by the template, not by people.
  SESSIONS_QUEUE_URL: matching(/^https?:\/\/\S+\.fifo$/, 'the URL of a FIFO queue'),
  SESSIONS_QUEUE_ARN: matching(/^arn:[\w-]+:sqs:[\w-]*:\d{12}:[\w-]+\.fifo$/, 'the ARN of a FIFO queue'),
  CONSUMER_FUNCTION_NAME: matching(/^[\w-]{1,64}$/, 'the name of a function'),
  RECORDS_TOPIC_ARN: matching(/^arn:[\w-]+:sns:[\w-]*:\d{12}:[\w.-]+$/, 'the ARN of an SNS topic'),
  ARCHIVE_BUCKET: matching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of an S3 bucket'),
  LEDGER_TABLE: matching(/^[\w.-]{3,255}$/, 'the name of a DynamoDB table'),
  ALARM_TOPIC_ARN: matching(/^arn:[\w-]+:sns:[\w-]*:\d{12}:[\w-]+$/, 'the ARN of an SNS topic'),
  STAGE: variable({
    expected: 'the name of a stage',
    parse: (text) => (isStageName(text) ? text : undefined),
  }),
  METRICS_NAMESPACE: variable({
    expected: 'a namespace of CloudWatch',
    fallback: 'crisp-enrich',
    parse: (text) => (/^[\w./#-]{1,255}$/.test(text) ? text : undefined),
  }),
});

export type VariableName = keyof typeof variables.shape;

/** What the template sets from the resources that it creates. */
export const RESOURCE_VARIABLES = {
  SESSIONS_QUEUE_URL: true,
  SESSIONS_QUEUE_ARN: true,
  CONSUMER_FUNCTION_NAME: true,
  RECORDS_TOPIC_ARN: true,
  ARCHIVE_BUCKET: true,
  LEDGER_TABLE: true,
  METRICS_NAMESPACE: true,
} as const satisfies Partial<Record<VariableName, true>>;

/** The same for the summary alone. */
export const SUMMARY_VARIABLES = { ALARM_TOPIC_ARN: true, STAGE: true } as const satisfies Partial<
  Record<VariableName, true>
>;

/** What only the template reads: no function gets it. */
export const TEMPLATE_VARIABLES = {
  ALARM_EMAIL: true,
  NO_HOOKS_ALARM_HOURS: true,
  RECONCILE_EVERY_MINUTES: true,
  KMS_KEY_ARN: true,
  WEBHOOK_RESERVED_CONCURRENCY: true,
} as const satisfies Partial<Record<VariableName, true>>;

// The prefix that is ours alone: a misspelt variable of another name cannot be told from a stranger's.
const OWN_PREFIX = 'CRISP_';

/** Variables with our prefix that other parts of the project read. */
const READ_ELSEWHERE = ['CRISP_ENRICH_URL'];

const KNOWN_NAMES = [...Object.keys(variables.shape), ...SECRET_VARIABLES, ...READ_ELSEWHERE];

/** A problem for each `CRISP_…` variable that nobody reads: a misspelt one would otherwise be a silent default. */
export function findUnknownVariables(environment: Environment): ConfigProblem[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith(OWN_PREFIX) && !KNOWN_NAMES.includes(name))
    .map((name) => {
      const nearest = findNearestName(name, KNOWN_NAMES);
      return {
        code: 'config_unknown',
        variable: toPrintable(name),
        message: nearest ? `is not a variable. Did you mean ${nearest}?` : 'is not a variable',
      };
    });
}
