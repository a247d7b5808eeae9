import type { Opening } from '../../core/breaker/opening.ts';
import { STREAK_CAP } from '../../core/breaker/streak.ts';
import { toSessionKey } from '../../core/ids.ts';
import type { BreakerNotes } from '../../ports/breaker-notes.ts';
import { toNotedOpening, toPause, toRow, toStreak } from './breaker-item.ts';
import { createLedgerTable, type LedgerItem, type LedgerTableDeps } from './ledger-table.ts';

const OPENING = { pk: 'breaker', sk: 'state' };
const PAUSE = { pk: 'breaker', sk: 'pause' };
/** One item for all that is in a row, so that a success ends it, whatever it is, with a single write. */
const ROW = { pk: 'breaker', sk: 'streak' };

/** The breaker's notes in the ledger. None of them expires: there are three. Rejects with `ledger_failed` alone. */
export function createDynamoBreakerNotes(deps: LedgerTableDeps): BreakerNotes {
  const ledger = createLedgerTable(deps);

  return {
    async readOpening() {
      const item = await ledger.get(OPENING);
      return item && toNotedOpening(item);
    },
    async noteOpening(opening, replacesMs) {
      const isNew = replacesMs === undefined;
      return ledger.updateIf(OPENING, isNew ? 'attribute_not_exists(openedMs)' : 'openedMs = :replaces', {
        expression: SET_OPENING,
        values: { ...toOpeningValues(opening), ...(!isNew && { ':replaces': number(replacesMs) }) },
      });
    },
    async noteFailedProbe(openedMs, { holdOffSeconds, nextProbeMs, failedProbes }) {
      await ledger.updateIf(OPENING, IS_OPENING, {
        expression: 'SET holdOffSeconds = :holdOff, nextProbeMs = :next, failedProbes = :probes',
        values: {
          ':opened': number(openedMs),
          ':holdOff': number(holdOffSeconds),
          ':next': number(nextProbeMs),
          ':probes': number(failedProbes),
        },
      });
    },
    async noteClosing(openedMs, { closedMs, wasFalseAlarm }) {
      await ledger.updateIf(OPENING, IS_OPENING, {
        expression: 'SET closedMs = :closed, falseAlarm = :falseAlarm',
        values: {
          ':opened': number(openedMs),
          ':closed': number(closedMs),
          ':falseAlarm': { BOOL: wasFalseAlarm },
        },
      });
    },

    async readPause() {
      const item = await ledger.get(PAUSE);
      return item && toPause(item);
    },
    async notePause({ sinceMs, reason }) {
      const values = { ':since': number(sinceMs), ':reason': { S: reason } };
      await ledger.update(PAUSE, 'SET sinceMs = :since, pauseReason = :reason', values);
    },
    async clearPause() {
      await ledger.update(PAUSE, 'REMOVE sinceMs, pauseReason');
    },

    async readRow() {
      return toRow((await ledger.get(ROW)) ?? {});
    },
    async noteSuccess({ websiteId, sessionId }, nowMs) {
      const key = toSessionKey({ websiteId, sessionId });
      const { triedSessions } = await ledger.update(ROW, SET_HEALTHY, {
        ':now': number(nowMs),
        ':website': { S: websiteId },
        ':session': { S: sessionId },
        ':itself': { SS: [key] },
      });
      const tried = (triedSessions?.SS ?? []).filter((each) => each !== key);
      if (triedSessions) await refute(tried, nowMs);
    },
    async noteFailure(session, nowMs) {
      const known = await ledger.get(ROW);
      if (isFull(known?.failedSessions)) return toStreak(known ?? {});
      const item = await ledger.update(
        ROW,
        'SET firstMs = if_not_exists(firstMs, :now) ADD failedSessions :session',
        {
          ':now': number(nowMs),
          ':session': { SS: [toSessionKey(session)] },
        },
      );
      return toStreak(item);
    },
    async noteRemoval(session) {
      const known = await ledger.get(ROW);
      if (isFull(known?.removedSessions)) return STREAK_CAP;
      const item = await ledger.update(ROW, 'ADD removedSessions :session', {
        ':session': { SS: [toSessionKey(session)] },
      });
      return item.removedSessions?.SS?.length ?? 0;
    },
    refute,
    async noteTrial(sessionKeys) {
      if (sessionKeys.length === 0) return;
      await ledger.update(ROW, 'SET triedSessions = :tried', {
        ':tried': { SS: sessionKeys.slice(0, STREAK_CAP) },
      });
    },
    async clearRow() {
      await ledger.update(ROW, `REMOVE ${IN_A_ROW}, triedSessions`);
    },
  };

  async function refute(sessionKeys: readonly string[], nowMs: number): Promise<void> {
    if (sessionKeys.length === 0) return void (await ledger.update(ROW, `REMOVE ${IN_A_ROW}, triedSessions`));
    const { refuted } = toRow((await ledger.get(ROW)) ?? {});
    // The newest troublemakers matter most.
    const sessions = [...new Set([...sessionKeys, ...refuted.sessions])].slice(0, STREAK_CAP);
    const expression = `SET refutedSessions = :refuted, refutedMs = :now REMOVE ${IN_A_ROW}, triedSessions`;
    await ledger.update(ROW, expression, { ':refuted': { SS: sessions }, ':now': number(nowMs) });
  }
}

const IN_A_ROW = 'failedSessions, firstMs, removedSessions';

const SET_HEALTHY = [
  'SET healthyMs = :now, healthyWebsiteId = :website, healthySessionId = :session',
  `REMOVE ${IN_A_ROW} DELETE refutedSessions :itself`,
].join(' ');

/** What is noted late must not change the opening that came after. */
const IS_OPENING = 'openedMs = :opened';

const SET_OPENING = [
  'SET openedMs = :opened, code = :code, failedRoute = :route, websiteId = :website, sessionId = :session,',
  'holdOffSeconds = :holdOff, nextProbeMs = :next, failedProbes = :probes REMOVE closedMs, falseAlarm',
].join(' ');

function toOpeningValues(opening: Opening): LedgerItem {
  return {
    ':opened': number(opening.openedMs),
    ':code': { S: opening.code },
    ':route': text(opening.route),
    ':website': text(opening.session?.websiteId),
    ':session': text(opening.session?.sessionId),
    ':holdOff': number(opening.holdOffSeconds),
    ':next': number(opening.nextProbeMs),
    ':probes': number(opening.failedProbes),
  };
}

function number(value: number) {
  return { N: String(value) };
}

// What an earlier opening had must not stay behind.
function text(value: string | undefined) {
  return value === undefined ? { NULL: true as const } : { S: value };
}

/** A set that is read before it grows: it stays small through an outage in which nothing can be turned off. */
function isFull(sessions: LedgerItem[string] | undefined): boolean {
  return (sessions?.SS?.length ?? 0) >= STREAK_CAP;
}
