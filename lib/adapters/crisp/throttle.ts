import { createTokenBucket, lowerRate, takeToken } from '../../core/crisp/token-bucket.ts';
import type { Clock } from '../../ports/clock.ts';

/** Paces the requests of one instance. */
export interface Throttle {
  /** Resolves when a request may start, in the order of the calls; rejects with the signal's reason. */
  take(signal?: AbortSignal): Promise<void>;
  /** Tells that Crisp refused a request: the pace is halved, and comes back slowly. */
  noteRefusal(): void;
  /** Requests per second, as of the last request: lower than configured after a refusal. */
  readonly ratePerSecond: number;
}

export interface ThrottleDependencies {
  /** This instance's share of the configured rate. */
  readonly ratePerSecond: number;
  /** How many requests may start at once after a pause; at least 1. */
  readonly burst: number;
  readonly clock: Clock;
}

interface Waiter {
  readonly proceed: () => void;
  readonly fail: (error: unknown) => void;
}

/** One bucket for all that an instance does: in any window of T seconds at most burst + rate × T requests start. */
export function createThrottle({ ratePerSecond, burst, clock }: ThrottleDependencies): Throttle {
  let bucket = createTokenBucket({ ratePerSecond, burst, nowMs: clock.nowMs() });
  const waiting = new Set<Waiter>();
  let isServing = false;

  function take(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
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
    const taken = takeToken(bucket, clock.nowMs());
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
      bucket = lowerRate(bucket, clock.nowMs());
    },
    get ratePerSecond() {
      return bucket.rate;
    },
  };
}
