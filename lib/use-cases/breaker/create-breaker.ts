import {
  isLastingRefusal,
  isOutage,
  REFUSED_RECEIVES_OF_AN_OUTAGE,
  REMOVALS_IN_A_ROW,
} from '../../core/breaker/streak.ts';
import { type Evidence, toEvidence } from '../../core/breaker/to-evidence.ts';
import type { JobError } from '../../core/errors/job-error.ts';
import { toJobError } from '../../core/errors/to-job-error.ts';
import type { SessionRef } from '../../core/ids.ts';
import type { BreakerNotes } from '../../ports/breaker-notes.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConsumerSwitch } from '../../ports/consumer-switch.ts';
import type { CrispApi } from '../../ports/crisp-api.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { type BestEffort, createBestEffort } from '../best-effort.ts';
import type { Breaker, FailedRun } from './breaker.ts';
import { createOpenBreaker, type OpenReason } from './open-breaker.ts';
import { createWatchOpening } from './watch-opening.ts';

export interface BreakerDependencies {
  readonly notes: BreakerNotes;
  readonly consumerSwitch: ConsumerSwitch;
  /** The consumer's own client: the control call takes its turn like any other request. */
  readonly crisp: Pick<CrispApi, 'getWebsite'>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** A switch that refused to turn is not tried again at once by each message that fails. */
const TRY_AGAIN_AFTER_MS = 30_000;

/** The breaker of one consumer instance; instances know of each other through the notes. */
export function createBreaker(dependencies: BreakerDependencies): Breaker {
  const { notes, crisp, clock, telemetry } = dependencies;
  const bestEffort: BestEffort = createBestEffort(telemetry);
  const watch = createWatchOpening({ notes, bestEffort, clock });
  const openBreaker = createOpenBreaker({ ...dependencies, bestEffort });
  let opening: Promise<void> | undefined;
  let triedMs = Number.NEGATIVE_INFINITY;

  return {
    async holding() {
      return (await watch.find())?.code;
    },

    async noteSuccess(session) {
      await bestEffort('note-success', () => notes.noteSuccess(session, clock.nowMs()));
    },

    async judge(session, failed) {
      const { error } = failed;
      const evidence = toEvidence(error);
      if (evidence === 'none') return 'session';
      if (!(await isEverything(evidence, session, failed))) {
        return evidence === 'refusal' ? 'refusal' : 'session';
      }
      await open({ code: error.code, route: error.route, session, retryAfterMs: error.retryAfterMs });
      return 'outage';
    },

    async judgeRemoval(session) {
      const inARow = await bestEffort('note-removal', () => notes.noteRemoval(session));
      // Not counted: to wait costs nothing, and a removal deletes what was archived.
      if (inARow === undefined) return 'outage';
      if (inARow <= REMOVALS_IN_A_ROW) return 'removed';
      await open({ code: 'too_many_removals', route: 'website/conversation', session });
      return 'outage';
    },
  };

  /** True where the failure is not this session's alone. */
  async function isEverything(evidence: Evidence, session: SessionRef, failed: FailedRun): Promise<boolean> {
    if (evidence === 'outage') return true;
    // What is delivered while it opens fails for the same reason: that is known already.
    if (evidence !== 'platform' && (await watch.find()) !== undefined) return true;
    const nowMs = clock.nowMs();
    const streak = await bestEffort('note-failure', () => notes.noteFailure(session, nowMs));
    switch (evidence) {
      case 'refusal':
        if (failed.receiveCount >= REFUSED_RECEIVES_OF_AN_OUTAGE) return true;
        return streak !== undefined && isLastingRefusal(streak, nowMs);
      case 'crisp':
        if (streak && isOutage(streak)) return true;
        return isControlCallFailing(session, failed.signal);
      case 'platform':
        return streak !== undefined && isOutage(streak);
      default:
        return false;
    }
  }

  /** The cheapest request there is. An answer of any kind says that Crisp works and that the token does. */
  async function isControlCallFailing({ websiteId }: SessionRef, signal: AbortSignal): Promise<boolean> {
    try {
      await crisp.getWebsite(websiteId, signal);
      return false;
    } catch (thrown) {
      return isOfCrisp(toJobError(thrown));
    }
  }

  async function open(reason: OpenReason): Promise<void> {
    if (opening === undefined && (await watch.find()) !== undefined) return;
    if (opening === undefined && clock.nowMs() - triedMs < TRY_AGAIN_AFTER_MS) return;
    opening ??= openOnce(reason).finally(() => {
      opening = undefined;
    });
    await opening;
  }

  async function openOnce(reason: OpenReason): Promise<void> {
    triedMs = clock.nowMs();
    const opened = await openBreaker(reason);
    if (opened === undefined) return;
    watch.remember(opened);
    triedMs = Number.NEGATIVE_INFINITY;
  }
}

/** A time that was up says nothing about Crisp. */
function isOfCrisp(error: JobError): boolean {
  const evidence = toEvidence(error);
  return evidence === 'crisp' || evidence === 'refusal' || evidence === 'outage';
}
