import type { Clock } from '../clock.ts';
import type { ConsumerConfig } from '../config/config.ts';

/** Paces the requests of one instance. */
export interface Throttle {
  /** Resolves when a request may start, in the order of the calls; rejects with the signal's reason. */
  take(signal?: AbortSignal): Promise<void>;
  /** Tells that Crisp refused a request: the pace is halved, and comes back slowly. */
  noteRefusal(): void;
  /** Requests per second, as of the last request: lower than configured after a refusal. */
  readonly ratePerSecond: number;
}

interface ThrottleDependencies {
  /** This instance's share of the configured rate. */
  readonly ratePerSecond: number;
  /** How many requests may start at once after a pause; at least 1. */
  readonly burst: number;
  /** True where other instances have such a share: they must not start in step. */
  readonly isShared?: boolean;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

interface Waiter {
  readonly proceed: () => void;
  readonly fail: (error: unknown) => void;
}

/**
 * One bucket for all that an instance does: in any window of T seconds at most burst + rate × (T + 10 ms) requests start.
 * Instances that share a rate and begin in the same moment, for the first time or after a pause, would go on in step and
 * arrive together: each begins at a moment of its own within most of the time of one request.
 */
export function createThrottle(dependencies: ThrottleDependencies): Throttle {
  const { ratePerSecond, burst, clock, isShared = false, random = Math.random } = dependencies;
  let bucket = createTokenBucket({ ratePerSecond, burst, nowMs: clock.nowMs() });
  let usedMs = Number.NEGATIVE_INFINITY;
  const waiting = new Set<Waiter>();
  let isServing = false;

  function take(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (isShared && waiting.size === 0 && clock.nowMs() - usedMs >= PAUSE_MS)
      bucket = shiftStart(bucket, clock.nowMs(), random() * MOST_SHIFT);
    if (waiting.size === 0 && tryTake() === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { proceed: leave(resolve), fail: leave(reject) };
      const abort = () => waiter.fail(signal?.reason);
      function leave<Args extends unknown[]>(settle: (...args: Args) => void) {
        return (...args: Args) => {
          waiting.delete(waiter);
          signal?.removeEventListener('abort', abort);
          settle(...args);
        };
      }
      signal?.addEventListener('abort', abort, { once: true });
      waiting.add(waiter);
      if (!isServing) void serve();
    });
  }

  /** 0 when a token was taken, otherwise how many ms until there is one. */
  function tryTake(): number {
    usedMs = clock.nowMs();
    const taken = takeToken(bucket, usedMs);
    bucket = taken.bucket;
    return taken.waitMs;
  }

  // One loop for all waiters. A Set keeps the order of insertion: the first in it has waited longest.
  async function serve(): Promise<void> {
    isServing = true;
    try {
      for (let [first] = waiting; first; [first] = waiting) {
        const waitMs = tryTake();
        if (waitMs === 0) first.proceed();
        else await clock.sleep(waitMs);
      }
    } catch (error) {
      for (const waiter of waiting) waiter.fail(error);
    } finally {
      isServing = false;
    }
  }

  return {
    take,
    noteRefusal() {
      bucket = lowerRate(bucket, clock.nowMs(), isShared ? SHARED_PAUSE_MS : 0);
    },
    get ratePerSecond() {
      return bucket.rate;
    },
  };
}

/**
 * Of a limit that is lower than all of them believe, each instance learns by a refusal of its own. One that has been
 * refused stands aside meanwhile: in simulated runs of 200 requests that halved the refusals of four.
 */
const SHARED_PAUSE_MS = 1_000;

/** By a whole request's time the last of many would end later than it must; within this much they are apart all the same. */
const MOST_SHIFT = 0.8;

/** After so long an instance may no longer be where its share began. */
const PAUSE_MS = 1000;

export type ThrottleShare = Pick<ThrottleDependencies, 'ratePerSecond' | 'burst' | 'isShared'>;
type SharedRate = Pick<ConsumerConfig, 'requestsPerSecond' | 'instances'>;

/**
 * A hundredth below the configured rate: requests that start together do not arrive together, and a server whose own
 * burst is small would refuse one of them. In simulated runs of 200 requests, 1 % was the least that ended it.
 */
const PACE = 0.99;

/**
 * What one of `instances` may use of a rate that all of them share: instances do not talk to each other. An instance by
 * itself may start two requests at once, the conversation and its first page; among several that would add up.
 */
export function toThrottleShare({ requestsPerSecond, instances }: SharedRate): ThrottleShare {
  const isShared = instances > 1;
  return { ratePerSecond: (requestsPerSecond * PACE) / instances, burst: isShared ? 1 : 2, isShared };
}

/** How fast requests may start. Plain data: every function takes one and returns the next. */
export interface TokenBucket {
  /** The configured rate, per second. */
  readonly fullRate: number;
  /** The rate now: lower for a while after a refusal. */
  readonly rate: number;
  /** So many requests may start at once after a pause: the most tokens that are gathered, but for those of `LATE_MS`. */
  readonly burst: number;
  readonly tokens: number;
  readonly updatedMs: number;
  readonly loweredMs: number | undefined;
}

interface TokenBucketOptions {
  readonly ratePerSecond: number;
  readonly burst: number;
  readonly nowMs: number;
}

/** After one halving the full rate is back in half of this time: slow enough to stay below a limit that was just met. */
const FULL_RATE_REGAINED_IN_MS = 18_000;
/** A pause shows nothing: between two requests no more is regained than this long gives, or each message would begin too fast. */
const REGAINED_AT_ONCE_MS = 1_000;
/** Requests in flight together are refused together: that is one refusal, not several. */
const ONE_HALVING_PER_MS = 1_000;
/** However often it was refused, the bucket still gives a request now and then, or it could not notice the recovery. */
const LOWEST_SHARE = 1 / 32;

/** Waits are whole milliseconds, and timers late: a token that was due meanwhile is not lost. */
const LATE_MS = 10;

// Tokens are fractions of sums: without it a wait that was computed to the millisecond would end one too early.
const ROUNDING = 1e-9;

export function createTokenBucket({ ratePerSecond, burst, nowMs }: TokenBucketOptions): TokenBucket {
  return {
    fullRate: ratePerSecond,
    rate: ratePerSecond,
    burst,
    tokens: burst,
    updatedMs: nowMs,
    loweredMs: undefined,
  };
}

/** Takes one token: `waitMs` 0 says that it was there, otherwise how long until one will be (nothing is taken yet). */
export function takeToken(bucket: TokenBucket, nowMs: number): { bucket: TokenBucket; waitMs: number } {
  const filled = refill(bucket, nowMs);
  if (filled.tokens >= 1 - ROUNDING) return { bucket: { ...filled, tokens: filled.tokens - 1 }, waitMs: 0 };
  return { bucket: filled, waitMs: Math.max(1, Math.ceil(((1 - filled.tokens) / filled.rate) * 1000)) };
}

/** Crisp refused a request: half the rate, no burst on top of it, and a pause. The rate comes back by itself, slowly. */
export function lowerRate(bucket: TokenBucket, nowMs: number, pauseMs = 0): TokenBucket {
  const filled = refill(bucket, nowMs);
  const { loweredMs } = filled;
  if (loweredMs !== undefined && nowMs - loweredMs < ONE_HALVING_PER_MS) return filled;
  const rate = Math.max(filled.rate / 2, filled.fullRate * LOWEST_SHARE);
  const tokens = Math.min(filled.tokens, 0) - (pauseMs / 1000) * rate;
  return { ...filled, rate, tokens, loweredMs: nowMs };
}

/** Puts the first request off by a share of the time that one takes; whatever had been gathered is gone. */
function shiftStart(bucket: TokenBucket, nowMs: number, share: number): TokenBucket {
  const filled = refill(bucket, nowMs);
  return { ...filled, tokens: Math.min(filled.tokens, 1 - share) };
}

// A clock that is set back gives nothing, and does not make the bucket wait until it is where it was.
function refill(bucket: TokenBucket, nowMs: number): TokenBucket {
  const { fullRate, rate, burst, tokens } = bucket;
  const elapsedMs = Math.max(0, nowMs - bucket.updatedMs);
  return {
    ...bucket,
    tokens: Math.min(burst + (LATE_MS / 1000) * rate, tokens + (elapsedMs / 1000) * rate),
    rate: Math.min(
      fullRate,
      rate + (Math.min(elapsedMs, REGAINED_AT_ONCE_MS) / FULL_RATE_REGAINED_IN_MS) * fullRate,
    ),
    updatedMs: nowMs,
  };
}
