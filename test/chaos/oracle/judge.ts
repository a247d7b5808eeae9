import { checkNeverStale, checkNoInvention, checkNoLeak } from './content.ts';
import { findCover } from './cover.ts';
import { checkNoEarlyAck, checkNoEarlyDelete, checkNoLoss, checkOneTerminalState } from './delivery.ts';
import { type Evidence, isDead, toEvidence } from './evidence.ts';
import type { History, InvariantId, Terms, Violation } from './history.ts';
import { checkBoundedLoad, checkNothingCrashed, checkProgress } from './running.ts';

/** What a run amounts to. */
export interface Figures {
  /** Deliveries answered with 2xx `queued`. */
  readonly accepted: number;
  /** Notices of records, removals apart. */
  readonly records: number;
  readonly removals: number;
  /** Messages in the dead-letter queue at the end. */
  readonly deadLetters: number;
  /** Of those, dead letters of sessions whose events are all covered: there is nothing left to be saved. */
  readonly superseded: number;
  /** Messages that were acknowledged without a fetch: the record answered them. */
  readonly covered: number;
  /** The same: a later message stood for them. */
  readonly leftOut: number;
  readonly mostReceives: number;
  readonly crispRequests: number;
}

interface Verdict {
  /** In the order in which they could first be seen. */
  readonly violations: readonly Violation[];
  readonly figures: Figures;
}

/** One check for each promise. */
export const INVARIANTS: Readonly<Record<InvariantId, (evidence: Evidence) => Violation[]>> = {
  I1: checkNoLoss,
  I2: checkOneTerminalState,
  I3: checkNoInvention,
  I4: checkNoEarlyAck,
  I5: checkNoEarlyDelete,
  I6: checkBoundedLoad,
  I7: checkNoLeak,
  I8: checkNeverStale,
  I9: checkProgress,
  I10: checkNothingCrashed,
};

/** Holds a finished run against every promise. It knows of the run only what its history shows. */
export function judge(history: History, terms: Terms): Verdict {
  const evidence = toEvidence(history, terms);
  const violations = Object.values(INVARIANTS).flatMap((check) => check(evidence));
  return { violations: violations.toSorted((a, b) => a.atMs - b.atMs), figures: toFigures(evidence) };
}

function toFigures(evidence: Evidence): Figures {
  const announcements = [...evidence.announcements.values()].flat();
  const dead = [...evidence.messages.values()].filter(isDead);
  return {
    accepted: evidence.acceptances.length,
    records: announcements.filter(({ kind }) => kind === 'enriched').length,
    removals: announcements.filter(({ kind }) => kind === 'removed').length,
    deadLetters: dead.length,
    superseded: dead.filter(({ sessionKey }) => isCovered(evidence, sessionKey)).length,
    covered: count(evidence, 'job-covered'),
    leftOut: count(evidence, 'job-superseded'),
    mostReceives: evidence
      .of('message-received')
      .filter(({ queue }) => queue === 'sessions')
      .reduce((most, { receiveCount }) => Math.max(most, receiveCount), 0),
    crispRequests: evidence.of('crisp-answered').length,
  };
}

function count(evidence: Evidence, event: string): number {
  return evidence.of('line-written').filter(({ text }) => text.startsWith(`{"name":"${event}"`)).length;
}

function isCovered(evidence: Evidence, sessionKey: string | undefined): boolean {
  const accepted = evidence.acceptances.filter((each) => each.sessionKey === sessionKey);
  const beforeIndex = evidence.history.length;
  return (
    accepted.length > 0 &&
    accepted.every(({ computedMs, ...each }) =>
      findCover(evidence, { ...each, afterMs: computedMs ?? Infinity, beforeIndex }),
    )
  );
}
