/** No wait after a failure of its own is longer: a session that recovers is seen again within 15 minutes. */
export const MAX_BACKOFF_SECONDS = 900;

/** SQS hides a message for at most twelve hours from its receive; an hour is left for the run itself. */
export const MAX_VISIBILITY_SECONDS = 11 * 3600;

export interface BackoffOptions {
  readonly baseSeconds: number;
  /** How long the other side asked to be left alone, in ms. */
  readonly retryAfterMs?: number | undefined;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Whole seconds to wait after a failed attempt (1-based): uniform between the base and a bound that doubles with every
 * attempt, so that sessions which failed together do not come back together; never before `Retry-After`.
 */
export function toBackoffSeconds(
  attempt: number,
  { baseSeconds, retryAfterMs, random }: BackoffOptions,
): number {
  const bound = Math.min(MAX_BACKOFF_SECONDS, baseSeconds * 2 ** Math.min(attempt, 20));
  const backoff = baseSeconds + random() * Math.max(0, bound - baseSeconds);
  const wait = Math.max(backoff, (retryAfterMs ?? 0) / 1000);
  return Math.min(Math.ceil(wait), MAX_VISIBILITY_SECONDS);
}
