import { setImmediate as untilIdle } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.ts';

/** Turns the clock from one sleeper to the next until the work is done, whatever it comes to. */
export async function untilSettled<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  work.then(settle, settle);
  await clock.advance(0);
  while (!isSettled) await clock.advance(Math.max(0, (clock.nextWakeMs ?? 0) - clock.nowMs()));
  return work;
}

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

interface VirtualClockOptions {
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
    timer: (delayMs, ring) => schedule(nowMs + Math.max(0, delayMs), ring),
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

/** What is to happen at moments to come, the earliest first; of two at the same moment, the one that was added first. */
interface WakeList {
  add(atMs: number, wake: () => void): WakeEntry;
  /** Undefined where nothing is to come. */
  first(): WakeEntry | undefined;
  removeFirst(): void;
  /** Without those that were cancelled. */
  readonly size: number;
  cancel(entry: WakeEntry): void;
}

interface WakeEntry {
  readonly atMs: number;
  readonly order: number;
  readonly wake: () => void;
}

/** Latest first, so that the next one is taken off the end. */
function createWakeList(): WakeList {
  const entries: WakeEntry[] = [];

  /** Before this place are only later ones. */
  function placeOf(atMs: number, order: number): number {
    let [low, high] = [0, entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = entries[middle];
      if (entry && (entry.atMs > atMs || (entry.atMs === atMs && entry.order > order))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  let orders = 0;
  return {
    add(atMs, wake) {
      orders += 1;
      const entry: WakeEntry = { atMs, order: orders, wake };
      entries.splice(placeOf(atMs, orders), 0, entry);
      return entry;
    },
    first: () => entries.at(-1),
    removeFirst: () => void entries.pop(),
    cancel(entry) {
      const place = placeOf(entry.atMs, entry.order);
      // Whoever cancels what was woken comes too late.
      if (entries[place] === entry) entries.splice(place, 1);
    },
    get size() {
      return entries.length;
    },
  };
}

/** Where a run dies: at the n-th call of a port (1-based), before or after the call had its effect. */
export interface CrashPoint {
  readonly call: number;
  readonly when: 'before' | 'after';
}

/** Counts the calls of all ports that it wraps, in the order in which they are made, and crashes at the given ones. */
export function createCrashSchedule(points: readonly CrashPoint[] = []) {
  let calls = 0;

  function crashIf(call: number, when: CrashPoint['when']): void {
    if (points.some((point) => point.call === call && point.when === when)) throw new InjectedCrash();
  }

  return {
    get calls() {
      return calls;
    },

    wrap<Port extends object>(port: Port): Port {
      return new Proxy(port, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          return async (...args: unknown[]) => {
            calls += 1;
            const call = calls;
            crashIf(call, 'before');
            const result: unknown = await member.apply(target, args);
            crashIf(call, 'after');
            return result;
          };
        },
      });
    },
  };
}

export class InjectedCrash extends Error {
  override readonly name = 'InjectedCrash';
}
