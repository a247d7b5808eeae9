import type { Clock } from '../clock.ts';

export interface Pace {
  /** How many may be done at once: about a second's worth, ten at most. */
  readonly step: number;
  /** Waits until `count` more may follow what was done before. Rejects with the signal's reason. */
  wait(count: number, signal: AbortSignal): Promise<void>;
}

const LARGEST_STEP = 10;

/** Keeps a rate over the whole of a work, without catching up on time in which there was nothing to do. */
export function createPace(ratePerSecond: number, clock: Clock): Pace {
  let freeMs = clock.nowMs();

  return {
    step: Math.min(LARGEST_STEP, Math.max(1, Math.floor(ratePerSecond))),
    async wait(count, signal) {
      const nowMs = clock.nowMs();
      const startMs = Math.max(freeMs, nowMs);
      freeMs = startMs + (count * 1000) / ratePerSecond;
      if (startMs > nowMs) await clock.sleep(startMs - nowMs, signal);
    },
  };
}

/** Runs `work` over all items, a few at a time. Rejects with the first failure, and begins no further item then. */
export async function inLanes<Item>(
  items: Iterable<Item>,
  lanes: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let hasFailed = false;
  const lane = async () => {
    for (let next = iterator.next(); !next.done && !hasFailed; next = iterator.next()) {
      await work(next.value).catch((error: unknown) => {
        hasFailed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
