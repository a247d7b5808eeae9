import { type SessionRef, toSessionKey } from '../ids.ts';
import type { Opening, Row } from '../ledger/breaker-notes.ts';
import type { Blame } from '../ledger/failure-notes.ts';
import { createBestEffort } from '../ledger/table.ts';
import type { BreakerContext } from './context.ts';
import { type FailedRun, REMOVALS_IN_A_ROW, toEvidence } from './evidence.ts';
import { judgeEvidence } from './judge.ts';
import { LONGEST_HOLD_OFF_SECONDS, type OpenReason, openBreaker, watchOpening } from './opening.ts';

/**
 * Stops the deliveries to the consumer while nothing can succeed. Nothing here throws: with the ledger or the mapping
 * away, the pipeline is less thrifty.
 */
export interface Breaker {
  /** The code for which it opened, while deliveries that were under way then may still come; undefined otherwise. */
  holding(): Promise<string | undefined>;
  /**
   * A session's conversation was fetched and announced, or equals what was: whatever failed before it was not everything.
   * Not to be called for a removal or a skipped session: these show no conversation.
   */
  noteSuccess(session: SessionRef): Promise<void>;
  judge(session: SessionRef, failed: FailedRun): Promise<Blame>;
  /** A removal is about to be announced. `outage`: it would be one too many in a row, and the breaker opens instead. */
  judgeRemoval(session: SessionRef): Promise<'removed' | 'outage'>;
}

/** A mapping that refused to turn is not tried again at once by each message that fails. */
const TRY_AGAIN_AFTER_MS = 30_000;

/** The breaker of one consumer instance; instances know of each other through the notes. */
export function createBreaker(dependencies: Omit<BreakerContext, 'bestEffort'>): Breaker {
  const context = { ...dependencies, bestEffort: createBestEffort(dependencies.telemetry) };
  const { notes, bestEffort, clock } = context;
  const watch = watchOpening(context);
  let opening: Promise<void> | undefined;
  let triedMs = Number.NEGATIVE_INFINITY;

  return {
    async holding() {
      return (await watch.find())?.code;
    },

    async noteSuccess(session) {
      const row = await watch.row();
      const nowMs = clock.nowMs();
      if (row && isNoNews(row, session, nowMs)) return;
      const noted = await bestEffort('note-success', async () => {
        await notes.noteSuccess(session, nowMs);
        return { quietSinceMs: nowMs };
      });
      watch.learn(row && noted && { ...row, ...noted });
    },

    async judge(session, failed) {
      const evidence = toEvidence(failed.error);
      // What is delivered while it opens fails for the same reason: that is known already.
      const isOurs = evidence === 'none' || evidence === 'platform';
      if (!isOurs && (await watch.find()) !== undefined) return 'outage';
      watch.learn(undefined);
      const judged = await judgeEvidence(context, evidence, session, failed);
      const { code, route, retryAfterMs } = judged.error;
      if (judged.blame === 'outage') await open({ code, route, session, retryAfterMs });
      return judged.blame;
    },

    async judgeRemoval(session) {
      watch.learn(undefined);
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
    const opened = await openBreaker(context, reason);
    if (opened === undefined) return;
    watch.remember(opened);
    triedMs = Number.NEGATIVE_INFINITY;
  }
}

/** By then another session's success is noted, so that a look asks for one that was healthy lately. */
const HEALTHY_FOR_MS = 600_000;

/** True where a success ends nothing: most of them cost the ledger no write. */
function isNoNews({ quietSinceMs, refuted }: Row, session: SessionRef, nowMs: number): boolean {
  if (refuted.sessions.includes(toSessionKey(session))) return false;
  return quietSinceMs !== undefined && nowMs - quietSinceMs < HEALTHY_FOR_MS;
}

/** EventBridge's minutes are not exact: a look that would be due a moment later is not put off by a whole minute. */
const SLACK_MS = 10_000;

const MINUTE_MS = 60_000;

export function isLookDue({ nextProbeMs }: Pick<Opening, 'nextProbeMs'>, nowMs: number): boolean {
  return nowMs >= nextProbeMs - SLACK_MS;
}

/**
 * Without the ledger the time of the last look is unknown. Then it is due in every fifteenth minute of the clock: as
 * seldom as after the longest hold-off, and without a memory.
 */
export function isBlindLookDue(nowMs: number): boolean {
  return Math.floor(nowMs / MINUTE_MS) % (LONGEST_HOLD_OFF_SECONDS / 60) === 0;
}
