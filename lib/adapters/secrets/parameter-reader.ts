import type { Clock } from '../../ports/clock.ts';
import type { SecretOptions } from '../../ports/secrets.ts';

/** Undefined where there is no parameter of that name; rejects where that cannot be told. */
export type ReadParameter = (name: string, options?: SecretOptions) => Promise<string | undefined>;

/** A rotated secret is in use after this long at the latest; earlier where the old one is rejected. */
export const SECRET_MAX_AGE_MS = 300_000;
/** What is known is not read again within this time, whatever is rejected: a flood of forgeries is no flood of reads. */
const MIN_AGE_MS = 60_000;
/** A secret that does not exist yet guards nothing, and is awaited: it works this long after it was entered. */
const MISSING_MS = 15_000;
/** A first read that failed is tried again after this long, then after twice as long, and so on. */
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 15_000;
/** How long a request waits for a read while there is a value to go on with. */
const PATIENCE_MS = 500;

/**
 * Spares the parameter store, whose few reads per second are shared by all functions of the account. What is known goes
 * on counting while it is read again, and when that fails: a secret does not become wrong because the store is away or
 * throttles. Whoever asks during a read shares it. A read is never left to the background of a request: Lambda freezes
 * it there.
 */
export function createParameterReader(read: (name: string) => ReturnType<ReadParameter>, clock: Clock) {
  const parameters = new Map<string, ReadOne>();

  const readParameter: ReadParameter = (name, { fresh = false } = {}) => {
    const readOne = parameters.get(name) ?? createParameter(() => read(name), clock);
    parameters.set(name, readOne);
    return readOne(fresh);
  };
  return readParameter;
}

type ReadOne = (fresh: boolean) => Promise<string | undefined>;

function createParameter(read: () => Promise<string | undefined>, clock: Clock): ReadOne {
  let known: { readonly value: string | undefined; readonly atMs: number } | undefined;
  let failure: { readonly error: unknown; readonly atMs: number } | undefined;
  let failures = 0;
  let underWay: Promise<void> | undefined;

  return async (fresh) => {
    const value = known?.value;
    if (isDue(fresh)) {
      underWay ??= readAnew().finally(() => {
        underWay = undefined;
      });
      // A secret was just rejected: only the newest one can still help. All others have a value to go on with.
      await (value === undefined || fresh ? underWay : atMost(PATIENCE_MS, underWay));
    }
    if (known) return known.value;
    throw failure?.error;
  };

  function isDue(fresh: boolean): boolean {
    if (failure && clock.nowMs() < failure.atMs + toRestMs()) return false;
    if (!known) return true;
    const minAgeMs = fresh ? MIN_AGE_MS : SECRET_MAX_AGE_MS;
    return clock.nowMs() >= known.atMs + (known.value === undefined ? MISSING_MS : minAgeMs);
  }

  function toRestMs(): number {
    if (known?.value !== undefined) return MIN_AGE_MS;
    return Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
  }

  async function atMost(ms: number, work: Promise<void>): Promise<void> {
    const done = new AbortController();
    const patience = clock.sleep(ms, done.signal).catch(() => undefined); // Cut short when the work is done.
    await Promise.race([work, patience]).finally(() => done.abort());
  }

  /** Never rejects: what it found is in `known` or `failure`. */
  async function readAnew(): Promise<void> {
    try {
      known = { value: await read(), atMs: clock.nowMs() };
      failure = undefined;
      failures = 0;
    } catch (error) {
      failures += 1;
      failure = { error, atMs: clock.nowMs() };
    }
  }
}
