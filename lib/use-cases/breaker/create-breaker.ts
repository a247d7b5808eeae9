import { REMOVALS_IN_A_ROW } from '../../core/breaker/streak.ts';
import { toEvidence } from '../../core/breaker/to-evidence.ts';
import type { BreakerNotes } from '../../ports/breaker-notes.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConsumerSwitch } from '../../ports/consumer-switch.ts';
import type { CrispApi } from '../../ports/crisp-api.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { type BestEffort, createBestEffort } from '../best-effort.ts';
import type { Breaker } from './breaker.ts';
import { createJudgeEvidence } from './judge-evidence.ts';
import { createOpenBreaker, type OpenReason } from './open-breaker.ts';
import { createWatchOpening } from './watch-opening.ts';

export interface BreakerDependencies {
  readonly notes: BreakerNotes;
  readonly consumerSwitch: ConsumerSwitch;
  /** The consumer's own client: what it asks takes its turn like any other request. */
  readonly crisp: CrispApi;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** A switch that refused to turn is not tried again at once by each message that fails. */
const TRY_AGAIN_AFTER_MS = 30_000;

/** The breaker of one consumer instance; instances know of each other through the notes. */
export function createBreaker(dependencies: BreakerDependencies): Breaker {
  const { notes, clock, telemetry } = dependencies;
  const bestEffort: BestEffort = createBestEffort(telemetry);
  const watch = createWatchOpening({ notes, bestEffort, clock });
  const judgeEvidence = createJudgeEvidence({ ...dependencies, bestEffort });
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
      // What is delivered while it opens fails for the same reason: that is known already.
      const isOurs = evidence === 'none' || evidence === 'platform';
      if (!isOurs && (await watch.find()) !== undefined) return 'outage';
      const blame = await judgeEvidence(evidence, session, failed);
      if (blame === 'outage')
        await open({ code: error.code, route: error.route, session, retryAfterMs: error.retryAfterMs });
      return blame;
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
