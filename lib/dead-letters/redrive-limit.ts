import { type SessionRef, toSessionKey } from '../ids.ts';
import type { DeadLetterContext } from './context.ts';

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
