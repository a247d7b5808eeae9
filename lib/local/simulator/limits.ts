import type { Random } from './random.ts';
import { type Reply, refused } from './routes.ts';
import type { Switches } from './switches.ts';

// What stands between a request and its answer: rate limit, daily quota, faults that were asked for, the read cache.
/** Bodies of controls, and of the writes that the API does not simulate. */
export const BODY_LIMIT_BYTES = 1024 * 1024;

export function refuseBody(): Response {
  return Response.json({ error: 'body_too_large' }, { status: 413, headers: { connection: 'close' } });
}

export interface LimitsInput {
  /** Default: no limit on the rate, as for plugin tokens. */
  readonly requestsPerSecond?: number;
  /** Default: one second's worth. */
  readonly burst?: number;
  /** Requests a day; default 0, no limit. */
  readonly dailyQuota?: number;
}

/** Rate limit and daily quota, refusing as the switches say. */
export function createLimits(input: LimitsInput, switches: Switches) {
  const { requestsPerSecond, burst = Math.max(1, requestsPerSecond ?? 1), dailyQuota = 0 } = input;
  const quota = createDailyQuota(dailyQuota, () => switches.quotaResetHourUtc);
  let bucket = requestsPerSecond === undefined ? undefined : createTokenBucket({ requestsPerSecond, burst });

  function refuse(status: number, reason: string, waitMs: number, nowMs: number): Reply {
    if (switches.refusedRequests === 'counted') quota.count(nowMs);
    return { ...refused(status, reason), headers: toRetryAfter(switches, waitMs, nowMs) };
  }

  return {
    quota,
    setRate(limit: RateLimit | undefined): void {
      bucket = limit === undefined ? undefined : createTokenBucket(limit);
    },
    /** Refuses a request that comes too soon, or returns undefined. */
    checkRate(nowMs: number): Reply | undefined {
      const waitMs = bucket?.take(nowMs) ?? 0;
      if (waitMs === 0) return undefined;
      return refuse(switches.rateLimitStatus, switches.rateLimitReason, waitMs, nowMs);
    },
    /** Refuses a request once the quota is spent; else counts it and returns undefined. */
    spendQuota(nowMs: number): Reply | undefined {
      if (!quota.isSpent(nowMs)) {
        quota.count(nowMs);
        return undefined;
      }
      const waitMs = quota.state(nowMs).resetsAtMs - nowMs;
      return refuse(switches.quotaStatus, switches.quotaReason, waitMs, nowMs);
    },
  };
}

function toRetryAfter({ retryAfter }: Switches, waitMs: number, nowMs: number): Record<string, string> {
  if (retryAfter === 'none') return {};
  const seconds = Math.ceil(waitMs / 1000);
  if (retryAfter === 'seconds') return { 'Retry-After': String(seconds) };
  return { 'Retry-After': new Date(nowMs + seconds * 1000).toUTCString() };
}

interface RateLimit {
  readonly requestsPerSecond: number;
  /** How many requests may come at once after a pause. */
  readonly burst: number;
}

// Sums of fractions: a token that lacks only this much is whole, and a wait that exceeds a millisecond by it does not.
const ROUNDING = 1e-9;

/**
 * A bucket of `burst` tokens that fills evenly. `take` returns 0 where the request may pass, else the milliseconds until
 * the next one may. Not the client's own bucket: what a client keeps to must not be judged by the client's arithmetic.
 */
export function createTokenBucket({ requestsPerSecond, burst }: RateLimit) {
  let tokens = burst;
  let filledMs: number | undefined;

  return {
    take(nowMs: number): number {
      tokens = Math.min(burst, tokens + ((nowMs - (filledMs ?? nowMs)) / 1000) * requestsPerSecond);
      filledMs = nowMs;
      if (tokens < 1 - ROUNDING)
        return Math.ceil(((1 - tokens) / requestsPerSecond) * 1000 - 1000 * ROUNDING);
      tokens -= 1;
      return 0;
    },
  };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The daily quota of a token; 0 is no limit. The day starts at `resetHourUtc()`, which may be changed while it runs. */
function createDailyQuota(initialPerDay: number, resetHourUtc: () => number) {
  let perDay = initialPerDay;
  let used = 0;
  let day: number | undefined;
  const toDay = (nowMs: number) => Math.floor((nowMs - resetHourUtc() * HOUR_MS) / DAY_MS);

  function turnDay(nowMs: number): void {
    const today = toDay(nowMs);
    if (day !== today) used = 0;
    day = today;
  }

  return {
    /** Whether no request is allowed any more. Does not count one. */
    isSpent(nowMs: number): boolean {
      turnDay(nowMs);
      return perDay > 0 && used >= perDay;
    },
    count(nowMs: number): void {
      turnDay(nowMs);
      used += 1;
    },
    state(nowMs: number) {
      turnDay(nowMs);
      return { perDay, used, resetsAtMs: (toDay(nowMs) + 1) * DAY_MS + resetHourUtc() * HOUR_MS };
    },
    setPerDay(changed: number): void {
      perDay = changed;
    },
    setUsed(changed: number, nowMs: number): void {
      turnDay(nowMs);
      used = changed;
    },
  };
}

type Headers = Readonly<Record<string, string>>;

/** What a fault does to a request. */
export type FaultEffect =
  /** Crisp's envelope with this status and reason. */
  | { readonly kind: 'answer'; status: number; reason: string; data?: unknown; headers?: Headers }
  /** Any body at all: HTML, a redirect, compressed bytes, another session's conversation. */
  | { readonly kind: 'body'; status: number; body: string; encoding?: 'utf8' | 'base64'; headers?: Headers }
  /** The right answer with `error: true` in its envelope, on its own status. */
  | { readonly kind: 'error-flag'; readonly reason: string }
  /** The right answer, late. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** The right answer, a few bytes at a time. */
  | { readonly kind: 'trickle'; readonly bytes: number; readonly everyMs: number }
  /** The right answer, cut in half but ended properly. */
  | { readonly kind: 'truncate' }
  /** The connection is reset. */
  | { readonly kind: 'reset'; readonly at: 'before-headers' | 'mid-body' }
  /** Never answered. */
  | { readonly kind: 'hang' };

interface Fault {
  readonly effect: FaultEffect;
  /** A route's name; default every route. */
  readonly route?: string;
  readonly sessionId?: string;
  /** How many requests it meets; default 1. */
  readonly times?: number;
  /** How many fitting requests pass before it starts; default 0. */
  readonly after?: number;
  /** Probability of meeting a fitting request, drawn from the seed; default 1. */
  readonly chance?: number;
}

/** Scripted and seeded faults; the first one that fits a request meets it. */
export function createFaults(random: Random) {
  let entries: { fault: Fault; left: number; wait: number }[] = [];

  return {
    /** Returns a function that withdraws what is left of it. */
    add(fault: Fault): () => void {
      const entry = { fault, left: fault.times ?? 1, wait: fault.after ?? 0 };
      entries.push(entry);
      return () => {
        entries = entries.filter((other) => other !== entry);
      };
    },
    clear(): void {
      entries = [];
    },
    /** The effect that meets this request, if any; uses it up. */
    take({ route, sessionId }: { route: string; sessionId: string | undefined }): FaultEffect | undefined {
      for (const entry of entries) {
        const { fault } = entry;
        if ((fault.route ?? route) !== route || (fault.sessionId ?? sessionId) !== sessionId) continue;
        if (entry.wait > 0) {
          entry.wait -= 1;
          continue;
        }
        if (!random.chance(fault.chance ?? 1)) continue;
        entry.left -= 1;
        if (entry.left <= 0) entries = entries.filter((other) => other !== entry);
        return fault.effect;
      }
      return undefined;
    },
    /** What is still to come. */
    pending: (): readonly Fault[] => entries.map(({ fault, left }) => ({ ...fault, times: left })),
  };
}

interface CachedAnswer {
  readonly status: number;
  readonly body: string;
}

// More would only make a long benchmark hold every answer it ever gave.
const MAX_CACHED = 2000;

/** Crisp's read cache (Bloom): an answer is repeated for a while, whatever has changed since. */
export function createReadCache() {
  const entries = new Map<string, CachedAnswer & { readonly storedMs: number }>();

  return {
    /** The answer kept for this URL, where it is younger than `maxAgeMs`. */
    find(url: string, nowMs: number, maxAgeMs: number): CachedAnswer | undefined {
      const entry = entries.get(url);
      return entry !== undefined && nowMs - entry.storedMs < maxAgeMs ? entry : undefined;
    },
    keep(url: string, { status, body }: CachedAnswer, nowMs: number): void {
      entries.delete(url);
      entries.set(url, { status, body, storedMs: nowMs });
      for (const oldest of entries.keys()) {
        if (entries.size <= MAX_CACHED) break;
        entries.delete(oldest);
      }
    },
  };
}
