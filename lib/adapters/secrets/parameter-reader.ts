import type { Clock } from '../../ports/clock.ts';

/** Undefined where there is no parameter of that name; rejects where that cannot be told. */
export type ReadParameter = (name: string) => Promise<string | undefined>;

// Short enough that a secret that was just entered works at once, long enough that a flood of requests is no flood of calls.
const PAUSE_MS = 15_000;

interface Pause {
  readonly untilMs: number;
  readonly outcome: () => string | undefined;
}

/**
 * Spares the parameter store. What was missing or failed is not asked for again within 15 s; and where a refresh fails,
 * the last known value stays in use: a secret does not become wrong because the store is away for a moment.
 */
export function createParameterReader(read: ReadParameter, clock: Clock): ReadParameter {
  const known = new Map<string, string>();
  const pauses = new Map<string, Pause>();

  return async (name) => {
    const pause = pauses.get(name);
    if (pause && clock.nowMs() < pause.untilMs) return pause.outcome();
    try {
      const value = await read(name);
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
  };

  function pauseWith(name: string, outcome: Pause['outcome']): string | undefined {
    pauses.set(name, { untilMs: clock.nowMs() + PAUSE_MS, outcome });
    return outcome();
  }
}
