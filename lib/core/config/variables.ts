import * as z from 'zod/mini';
import { DEFAULT_TRIGGER_EVENTS } from '../hook/default-trigger-events.ts';
import { parseWebsiteId } from '../ids.ts';
import { MAX_COALESCE_SECONDS, MAX_MARGIN_SECONDS } from '../job/coalesce.ts';
import type { Inclusion } from './config.ts';
import { apiUrl } from './variable/api-url.ts';
import { eventTriggers } from './variable/event-triggers.ts';
import { listOf } from './variable/list-of.ts';
import { matching } from './variable/matching.ts';
import { oneOf } from './variable/one-of.ts';
import { rate } from './variable/rate.ts';
import { wholeNumber } from './variable/whole-number.ts';

export const DEFAULT_CRISP_API_URL = 'https://api.crisp.chat/v1';

const INCLUSIONS: readonly Inclusion[] = ['profile', 'pages', 'events', 'relations'];
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
  // Lambda's bounds for an event source mapping's MaximumConcurrency.
  CONSUMER_CONCURRENCY: wholeNumber({ min: 2, max: 1000, fallback: 2 }),
  API_CONCURRENCY: wholeNumber({ min: 0, max: 1000, fallback: 1 }),
  COALESCE_SECONDS: wholeNumber({ min: 1, max: MAX_COALESCE_SECONDS, fallback: 60 }),
  COALESCE_MARGIN_SECONDS: wholeNumber({ min: 1, max: MAX_MARGIN_SECONDS, fallback: 10 }),
  // Below the queue's receive limit of 20: the receives that are left take a dead message to the DLQ.
  MAX_ATTEMPTS: wholeNumber({ min: 1, max: 19, fallback: 5 }),
  RETRY_BASE_SECONDS: wholeNumber({ min: 1, max: 900, fallback: 30 }),
  TRIGGER_EVENTS: eventTriggers(DEFAULT_TRIGGER_EVENTS),
  ENRICH_INCLUDE: listOf({
    expected: `some of ${INCLUSIONS.join(', ')}`,
    fallback: 'profile',
    parseItem: (text) => INCLUSIONS.find((inclusion) => inclusion === text),
  }),
  MAX_PAGES: wholeNumber({ min: 1, max: 100_000, fallback: 600 }),
  MAX_RESPONSE_BYTES: wholeNumber({ min: 1024, max: 128 * MIB, fallback: 16 * MIB }),
  // SNS takes 256 KiB, attributes included.
  INLINE_LIMIT_BYTES: wholeNumber({ min: 0, max: 256 * 1024, fallback: 204_800 }),
  ARCHIVE_RETENTION_DAYS: wholeNumber({ min: 1, max: 36_500, fallback: 400 }),
  LOG_LEVEL: oneOf(['debug', 'info', 'warn', 'error'], 'info'),

  // Set by the template, not by people.
  SESSIONS_QUEUE_URL: matching(/^https?:\/\/\S+\.fifo$/, 'the URL of a FIFO queue'),
  RECORDS_TOPIC_ARN: matching(/^arn:[\w-]+:sns:[\w-]*:\d{12}:[\w.-]+$/, 'the ARN of an SNS topic'),
  ARCHIVE_BUCKET: matching(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of an S3 bucket'),
  LEDGER_TABLE: matching(/^[\w.-]{3,255}$/, 'the name of a DynamoDB table'),
});

export type VariableName = keyof typeof variables.shape;

/** What the template sets from the resources that it creates. */
export const RESOURCE_VARIABLES = {
  SESSIONS_QUEUE_URL: true,
  RECORDS_TOPIC_ARN: true,
  ARCHIVE_BUCKET: true,
  LEDGER_TABLE: true,
} as const satisfies Partial<Record<VariableName, true>>;
