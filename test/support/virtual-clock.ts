import { setImmediate as untilIdle } from 'node:timers/promises';
import type { Clock } from '../../lib/ports/clock.ts';
import { createWakeList } from './wake-list.ts';

/** A clock that a test turns. */
export interface VirtualClock extends Clock {
  /** Moves time by `ms`; wakes each sleeper at its own moment, in order, and lets it run before the next one wakes. */
  advance(ms: number): Promise<void>;
  /** Calls `wake` when that moment has come; the function that is returned takes it back. */
  schedule(atMs: number, wake: () => void): () => void;
  /** How many are asleep now. */
  readonly sleepers: number;
  /** When the next of them wakes; undefined where nobody sleeps. */
  readonly nextWakeMs: number | undefined;
}

export interface VirtualClockOptions {
  /** Resolves once what was woken has come to rest; by default when the event loop has. */
  readonly settle?: () => Promise<unknown>;
}

/** Starts at `startMs`, by default a fixed moment in 2026, so that a failure reads the same every time. */
export function createVirtualClock(
  startMs = 1_790_856_000_000,
  { settle = untilIdle }: VirtualClockOptions = {},
): VirtualClock {
  let nowMs = startMs;
  const asleep = createWakeList();

  async function advance(ms: number): Promise<void> {
    const endMs = nowMs + ms;
    await settle();
    for (let next = asleep.first(); next && next.atMs <= endMs; next = asleep.first()) {
      nowMs = Math.max(nowMs, next.atMs);
      asleep.removeFirst();
      next.wake();
      await settle();
    }
    nowMs = endMs;
  }

  function schedule(atMs: number, wake: () => void): () => void {
    const entry = asleep.add(Math.ceil(atMs), wake);
    return () => asleep.cancel(entry);
  }

  function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      // A machine's clock shows whole milliseconds.
      const entry = asleep.add(nowMs + Math.max(0, Math.ceil(delayMs)), () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      function abort(): void {
        asleep.cancel(entry);
        reject(signal?.reason);
      }
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  return {
    nowMs: () => nowMs,
    sleep,
    advance,
    schedule,
    get sleepers() {
      return asleep.size;
    },
    get nextWakeMs() {
      return asleep.first()?.atMs;
    },
  };
}
