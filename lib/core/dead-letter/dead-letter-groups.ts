import type { DeadLetter } from './dead-letter.ts';

/** The dead letters of one code. */
export interface DeadLetterGroup {
  readonly code: string;
  readonly count: number;
  /** Of the one that has been dead for longest, epoch ms. */
  readonly oldestMs: number | undefined;
  /** When the first of them expires, epoch ms. */
  readonly expiresMs: number | undefined;
}

/** Counts dead letters by code, one at a time; holds as much as there are codes, however many letters there are. */
export function createDeadLetterGroups() {
  const groups = new Map<string, DeadLetterGroup>();

  return {
    add({ reason: { code }, deadSinceMs, expiresMs }: DeadLetter): void {
      const group = groups.get(code);
      groups.set(code, {
        code,
        count: (group?.count ?? 0) + 1,
        oldestMs: earlier(group?.oldestMs, deadSinceMs),
        expiresMs: earlier(group?.expiresMs, expiresMs),
      });
    },
    /** The largest first. */
    list(): readonly DeadLetterGroup[] {
      return [...groups.values()].sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
    },
  };
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
