import type { SessionRef } from '../../lib/core/ids.ts';
import type { Blame, Breaker, FailedRun } from '../../lib/use-cases/breaker/breaker.ts';

/** A breaker of which the test decides what it says. */
export interface MemoryBreaker extends Breaker {
  /** Replaces what `judge` says of every failure from now on; by default it blames the session. */
  blame(blame: Blame): void;
  /** From now on it holds for this code; undefined: no longer. */
  hold(code: string | undefined): void;
  /** From now on every removal is one too many. */
  refuseRemovals(): void;
  readonly successes: readonly SessionRef[];
  readonly judged: readonly (FailedRun & { readonly session: SessionRef })[];
  /** Of which it was asked whether they may be announced. */
  readonly removals: readonly SessionRef[];
}

export function createMemoryBreaker(): MemoryBreaker {
  let verdict: Blame = 'session';
  let held: string | undefined;
  let isRemovalRefused = false;
  const successes: SessionRef[] = [];
  const judged: (FailedRun & { readonly session: SessionRef })[] = [];
  const removals: SessionRef[] = [];

  return {
    successes,
    judged,
    removals,
    blame(blame) {
      verdict = blame;
    },
    hold(code) {
      held = code;
    },
    refuseRemovals() {
      isRemovalRefused = true;
    },
    holding: async () => held,
    async noteSuccess(session) {
      successes.push(session);
    },
    async judge(session, failed) {
      judged.push({ ...failed, session });
      return verdict;
    },
    async judgeRemoval(session) {
      removals.push(session);
      return isRemovalRefused ? 'outage' : 'removed';
    },
  };
}
