import type { Clock } from '../../ports/clock.ts';
import type { SecretOptions } from '../../ports/secrets.ts';

/** Undefined where there is no parameter of that name; rejects where that cannot be told. */
export type ReadParameter = (name: string, options?: SecretOptions) => Promise<string | undefined>;

// Short enough that a secret that was just entered works at once, long enough that a flood of requests is no flood of calls.
const PAUSE_MS = 15_000;

interface Pause {
  readonly untilMs: number;
  readonly outcome: () => string | undefined;
}

interface Refresh {
  readonly untilMs: number;
  readonly value: Promise<string | undefined>;
}

/**
 * Spares the parameter store. What was missing, failed, or was asked for past the cache is not asked for again within
 * 15 s; and where a refresh fails, the last known value stays in use: a secret does not become wrong because the store is
 * away for a moment.
 */
export function createParameterReader(read: ReadParameter, clock: Clock): ReadParameter {
  const known = new Map<string, string>();
  const pauses = new Map<string, Pause>();
  const refreshes = new Map<string, Refresh>();

  return async (name, { fresh = false } = {}) => {
    const pause = pauses.get(name);
    if (pause && clock.nowMs() < pause.untilMs) return pause.outcome();
    return fresh ? refresh(name) : ask(name, { fresh });
  };

  /** Whoever comes within the pause shares the one read, also while it is under way. */
  function refresh(name: string): Promise<string | undefined> {
    const last = refreshes.get(name);
    if (last && clock.nowMs() < last.untilMs) return last.value;
    const value = ask(name, { fresh: true });
    refreshes.set(name, { untilMs: clock.nowMs() + PAUSE_MS, value });
    return value;
  }

  async function ask(name: string, options: SecretOptions): Promise<string | undefined> {
    try {
      const value = await read(name, options);
      if (value !== undefined) known.set(name, value);
      else known.delete(name);
      return value ?? pauseWith(name, () => undefined);
    } catch (error) {
      return pauseWith(name, () => {
        const lastKnown = known.get(name);
        if (lastKnown === undefined) throw error;
        return lastKnown;
      });
    }
  }

  function pauseWith(name: string, outcome: Pause['outcome']): string | undefined {
    pauses.set(name, { untilMs: clock.nowMs() + PAUSE_MS, outcome });
    return outcome();
  }
}
