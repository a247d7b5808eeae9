import { type Reply, refused } from '../http/reply.ts';
import type { Switches } from '../switches.ts';
import { createDailyQuota, type DailyQuota } from './daily-quota.ts';
import { createTokenBucket, type RateLimit, type TokenBucket } from './token-bucket.ts';

export interface LimitsInput {
  /** Default: no limit on the rate, as for plugin tokens. */
  readonly requestsPerSecond?: number;
  /** Default: one second's worth. */
  readonly burst?: number;
  /** Requests a day; default 0, no limit. */
  readonly dailyQuota?: number;
}

export interface Limits {
  readonly quota: DailyQuota;
  setRate(limit: RateLimit | undefined): void;
  /** Refuses a request that comes too soon, or returns undefined. */
  checkRate(nowMs: number): Reply | undefined;
  /** Refuses a request once the quota is spent; else counts it and returns undefined. */
  spendQuota(nowMs: number): Reply | undefined;
}

/** Rate limit and daily quota, refusing as the switches say. */
export function createLimits(input: LimitsInput, switches: Switches): Limits {
  const quota = createDailyQuota(input.dailyQuota ?? 0, () => switches.quotaResetHourUtc);
  let bucket = toBucket(input);

  function refuse(status: number, reason: string, waitMs: number, nowMs: number): Reply {
    if (switches.refusedRequests === 'counted') quota.count(nowMs);
    return { ...refused(status, reason), headers: toRetryAfter(switches, waitMs, nowMs) };
  }

  return {
    quota,
    setRate(limit) {
      bucket = limit === undefined ? undefined : createTokenBucket(limit);
    },
    checkRate(nowMs) {
      const waitMs = bucket?.take(nowMs) ?? 0;
      if (waitMs === 0) return undefined;
      return refuse(switches.rateLimitStatus, switches.rateLimitReason, waitMs, nowMs);
    },
    spendQuota(nowMs) {
      if (!quota.isSpent(nowMs)) {
        quota.count(nowMs);
        return undefined;
      }
      const waitMs = quota.state(nowMs).resetsAtMs - nowMs;
      return refuse(switches.quotaStatus, switches.quotaReason, waitMs, nowMs);
    },
  };
}

function toBucket({ requestsPerSecond, burst }: LimitsInput): TokenBucket | undefined {
  if (requestsPerSecond === undefined) return undefined;
  return createTokenBucket({ requestsPerSecond, burst: burst ?? Math.max(1, requestsPerSecond) });
}

function toRetryAfter(switches: Switches, waitMs: number, nowMs: number): Record<string, string> {
  if (switches.retryAfter === 'none') return {};
  const seconds = Math.ceil(waitMs / 1000);
  if (switches.retryAfter === 'seconds') return { 'Retry-After': String(seconds) };
  return { 'Retry-After': new Date(nowMs + seconds * 1000).toUTCString() };
}
