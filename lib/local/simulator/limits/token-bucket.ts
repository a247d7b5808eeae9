export interface RateLimit {
  readonly requestsPerSecond: number;
  /** How many requests may come at once after a pause. */
  readonly burst: number;
}

export interface TokenBucket {
  /** 0 where the request may pass, else the milliseconds until the next one may. */
  take(nowMs: number): number;
}

// Sums of fractions: a token that lacks only this much is whole, and a wait that exceeds a millisecond by it does not.
const ROUNDING = 1e-9;

/** A limit on requests per second: a bucket of `burst` tokens that fills evenly. */
export function createTokenBucket({ requestsPerSecond, burst }: RateLimit): TokenBucket {
  let tokens = burst;
  let filledMs: number | undefined;

  return {
    take(nowMs) {
      tokens = Math.min(burst, tokens + ((nowMs - (filledMs ?? nowMs)) / 1000) * requestsPerSecond);
      filledMs = nowMs;
      if (tokens < 1 - ROUNDING)
        return Math.ceil(((1 - tokens) / requestsPerSecond) * 1000 - 1000 * ROUNDING);
      tokens -= 1;
      return 0;
    },
  };
}
