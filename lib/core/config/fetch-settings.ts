import type { z } from 'zod/mini';
import type { ConsumerConfig } from './config.ts';
import type { VariableName, variables } from './variables.ts';

/** The variables that only the consumer reads, less its resources. */
export const FETCH_VARIABLES = {
  CRISP_API_URL: true,
  CRISP_TIER: true,
  CRISP_REQUESTS_PER_SECOND: true,
  CONSUMER_CONCURRENCY: true,
  API_CONCURRENCY: true,
  ENRICH_INCLUDE: true,
  MAX_PAGES: true,
  MAX_RESPONSE_BYTES: true,
  INLINE_LIMIT_BYTES: true,
  MAX_ATTEMPTS: true,
  RETRY_BASE_SECONDS: true,
} as const satisfies Partial<Record<VariableName, true>>;

// The scheduled search for missed conversations runs once at a time.
const RECONCILE_INSTANCES = 1;

export type FetchSettings = Pick<
  ConsumerConfig,
  | 'crispApiUrl'
  | 'crispTier'
  | 'requestsPerSecond'
  | 'instances'
  | 'include'
  | 'maxPages'
  | 'maxResponseBytes'
  | 'inlineLimitBytes'
  | 'maxAttempts'
  | 'retryBaseSeconds'
>;

export function toFetchSettings(
  values: Pick<z.output<typeof variables>, keyof typeof FETCH_VARIABLES>,
): FetchSettings {
  return {
    crispApiUrl: values.CRISP_API_URL,
    crispTier: values.CRISP_TIER,
    requestsPerSecond: values.CRISP_REQUESTS_PER_SECOND,
    instances: values.CONSUMER_CONCURRENCY + values.API_CONCURRENCY + RECONCILE_INSTANCES,
    include: values.ENRICH_INCLUDE,
    maxPages: values.MAX_PAGES,
    maxResponseBytes: values.MAX_RESPONSE_BYTES,
    inlineLimitBytes: values.INLINE_LIMIT_BYTES,
    maxAttempts: values.MAX_ATTEMPTS,
    retryBaseSeconds: values.RETRY_BASE_SECONDS,
  };
}
