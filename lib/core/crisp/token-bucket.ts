/** How fast requests may start. Plain data: every function takes one and returns the next. */
export interface TokenBucket {
  /** The configured rate, per second. */
  readonly fullRate: number;
  /** The rate now: lower for a while after a refusal. */
  readonly rate: number;
  /** The most tokens that an idle bucket gathers: so many requests may start at once. */
  readonly burst: number;
  readonly tokens: number;
  readonly updatedMs: number;
  readonly loweredMs: number | undefined;
}

export interface TokenBucketOptions {
  readonly ratePerSecond: number;
  readonly burst: number;
  readonly nowMs: number;
}

/** After one halving the full rate is back in half of this time: slow enough to stay below a limit that was just met. */
const FULL_RATE_REGAINED_IN_MS = 30_000;
/** Requests in flight together are refused together: that is one refusal, not several. */
const ONE_HALVING_PER_MS = 1_000;
/** However often it was refused, the bucket still gives a request now and then, or it could not notice the recovery. */
const LOWEST_SHARE = 1 / 16;

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

/** Crisp refused a request: half the rate, and no burst on top of it. The rate comes back by itself, slowly. */
export function lowerRate(bucket: TokenBucket, nowMs: number): TokenBucket {
  const filled = refill(bucket, nowMs);
  const { loweredMs } = filled;
  if (loweredMs !== undefined && nowMs - loweredMs < ONE_HALVING_PER_MS) return filled;
  const rate = Math.max(filled.rate / 2, filled.fullRate * LOWEST_SHARE);
  return { ...filled, rate, tokens: Math.min(filled.tokens, 0), loweredMs: nowMs };
}

// A clock that is set back gives nothing, and does not make the bucket wait until it is where it was.
function refill(bucket: TokenBucket, nowMs: number): TokenBucket {
  const { fullRate, rate, burst, tokens } = bucket;
  const elapsedMs = Math.max(0, nowMs - bucket.updatedMs);
  return {
    ...bucket,
    tokens: Math.min(burst, tokens + (elapsedMs / 1000) * rate),
    rate: Math.min(fullRate, rate + (elapsedMs / FULL_RATE_REGAINED_IN_MS) * fullRate),
    updatedMs: nowMs,
  };
}
