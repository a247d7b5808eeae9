import type { Clock } from '../clock.ts';
import { type SessionRef, toSessionKey } from '../ids.ts';
import type { DeadLetterContext } from './context.ts';

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

/** A session that died again after so many redrives within a day needs a person, not another redrive. */
export const DEFAULT_MAX_REDRIVES = 3;

const WINDOW_MS = 24 * 3600 * 1000;

export type RedriveLimit = ReturnType<typeof createRedriveLimit>;

/**
 * Counts redrives by session in the ledger, for one run of a redrive: however many messages of a session it moves, they
 * count once. Nothing here rejects: without the ledger redrives go on uncounted.
 */
export function createRedriveLimit(
  { redriveNotes, clock }: Pick<DeadLetterContext, 'redriveNotes' | 'clock'>,
  maxRedrives: number,
) {
  const begun = new Set<string>();
  let failure: unknown;

  async function attempt<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (thrown) {
      failure ??= thrown;
      return undefined;
    }
  }

  return {
    /** False where the session has been redriven as often as allowed within the last 24 hours: `redrive_exhausted`. */
    async mayRedrive(session: SessionRef): Promise<boolean> {
      if (begun.has(toSessionKey(session))) return true;
      const count = await attempt(redriveNotes.countSince(session, clock.nowMs() - WINDOW_MS));
      return (count ?? 0) < maxRedrives;
    },

    /** To be called once messages of the session were moved: what was planned and not done does not count. */
    async note(session: SessionRef): Promise<void> {
      const key = toSessionKey(session);
      if (begun.has(key)) return;
      begun.add(key);
      await attempt(redriveNotes.note(session, clock.nowMs()));
    },

    /** The first failure of the ledger; undefined where there was none. */
    failure: (): unknown => failure,
  };
}

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
