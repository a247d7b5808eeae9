import { setImmediate as settle } from 'node:timers/promises';
import type { Clock } from '../../lib/ports/clock.ts';

/** A clock that a test turns. */
export interface VirtualClock extends Clock {
  /** Moves time by `ms`; wakes each sleeper at its own moment, in order, and lets it run before the next one wakes. */
  advance(ms: number): Promise<void>;
  /** How many are asleep now. */
  readonly sleepers: number;
}

interface Sleeper {
  readonly wakeMs: number;
  readonly wake: () => void;
}

/** Starts at `startMs`, by default a fixed moment in 2026, so that a failure reads the same every time. */
export function createVirtualClock(startMs = 1_790_856_000_000): VirtualClock {
  let nowMs = startMs;
  const asleep = new Set<Sleeper>();

  async function advance(ms: number): Promise<void> {
    const endMs = nowMs + ms;
    await settle();
    for (let next = earliest(asleep); next && next.wakeMs <= endMs; next = earliest(asleep)) {
      nowMs = Math.max(nowMs, next.wakeMs);
      asleep.delete(next);
      next.wake();
      await settle();
    }
    nowMs = endMs;
  }

  function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const sleeper: Sleeper = {
        wakeMs: nowMs + Math.max(0, delayMs),
        wake() {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      function abort(): void {
        asleep.delete(sleeper);
        reject(signal?.reason);
      }
      signal?.addEventListener('abort', abort, { once: true });
      asleep.add(sleeper);
    });
  }

  return {
    nowMs: () => nowMs,
    sleep,
    advance,
    get sleepers() {
      return asleep.size;
    },
  };
}

// A Set keeps the order of insertion, so of two with the same moment the one that fell asleep first wakes first.
function earliest(asleep: ReadonlySet<Sleeper>): Sleeper | undefined {
  let first: Sleeper | undefined;
  for (const sleeper of asleep) {
    if (first === undefined || sleeper.wakeMs < first.wakeMs) first = sleeper;
  }
  return first;
}
