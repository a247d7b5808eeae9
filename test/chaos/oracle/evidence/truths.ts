import type { EventsOf } from './evidence.ts';

/** A state of a conversation at Crisp, until the next one. */
export interface Truth {
  readonly fromMs: number;
  readonly index: number;
  /** Null: Crisp does not have the conversation. */
  readonly fingerprints: ReadonlySet<number> | null;
  /** Of its messages; undefined where the history does not say. */
  readonly names: ReadonlySet<string> | undefined;
}

export function findTruths(of: EventsOf): Map<string, Truth[]> {
  return Map.groupBy(
    of('crisp-changed').map(({ sessionKey, fingerprints, names, atMs, index }) => ({
      sessionKey,
      fromMs: atMs,
      index,
      fingerprints: fingerprints && new Set(fingerprints),
      names: names && new Set(names),
    })),
    ({ sessionKey }) => sessionKey,
  );
}

/** The states in force at any moment between two; both ends count, because order within one ms is unknown here. */
export function truthsBetween(truths: readonly Truth[], startMs: number, endMs: number): readonly Truth[] {
  return truths.filter(({ fromMs }, place) => {
    const untilMs = truths[place + 1]?.fromMs ?? Infinity;
    return fromMs <= endMs && untilMs >= startMs;
  });
}
