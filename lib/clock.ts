import { setTimeout as sleep } from 'node:timers/promises';

/** Time as an argument: the system's in production, a virtual one in tests. */
export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number;
  /** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls `ring` after `delayMs`, unless the function that is returned is called first. A limit that is hardly ever reached
   * is set so: to end a `sleep` builds an error with its stack, which costs forty times as much.
   */
  timer(delayMs: number, ring: () => void): () => void;
}

/** The machine's own time. The one place that reads it. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (delayMs, signal) => sleep(delayMs, undefined, signal ? { signal } : {}),
  timer(delayMs, ring) {
    const timer = setTimeout(ring, delayMs);
    return () => clearTimeout(timer);
  },
};

// An answer's date is cut to the second, so on average the time was half a second later.
const HALF_SECOND_MS = 500;

/** What a `Date` header tells of the other side's clock; undefined where it tells nothing. */
export function toClockSample(
  date: unknown,
  { sentMs, receivedMs }: { readonly sentMs: number; readonly receivedMs: number },
): ClockSample | undefined {
  const theirsMs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(theirsMs)) return undefined;
  const halfwayMs = (receivedMs - sentMs) / 2;
  return {
    offsetMs: theirsMs + HALF_SECOND_MS - (sentMs + halfwayMs),
    uncertaintyMs: HALF_SECOND_MS + halfwayMs,
  };
}

/** Another clock beside this machine's own. */
export interface ClockSample {
  /** Positive where the other one is ahead. */
  readonly offsetMs: number;
  /** By so much the offset may be wrong: `Date` headers have seconds, and answers take a while. */
  readonly uncertaintyMs: number;
}
