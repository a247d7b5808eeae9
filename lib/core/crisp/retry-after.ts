/** A `Retry-After` is respected up to an hour, for a session and for the queue: a wrong one must not hold either for a day. */
export const MAX_RETRY_AFTER_MS = 3600_000;

/**
 * The wait that a `Retry-After` header asks for, in ms from `nowMs`: whole seconds or an HTTP date, at most
 * `MAX_RETRY_AFTER_MS`, 0 for a date that has passed. Undefined where there is none or it is neither.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  const delayMs = SECONDS.test(text) ? Number(text) * 1000 : toDelayMs(text, nowMs);
  return delayMs === undefined ? undefined : Math.min(Math.max(delayMs, 0), MAX_RETRY_AFTER_MS);
}

const SECONDS = /^\d+$/;
// `Date.parse` takes much that is no HTTP date; the one form that servers must send begins like this.
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

function toDelayMs(text: string, nowMs: number): number | undefined {
  if (!HTTP_DATE.test(text)) return undefined;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : dateMs - nowMs;
}
