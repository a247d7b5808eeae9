import { parseSessionRef, type SessionRef, toSessionKey } from '../ids.ts';
import { createLedgerTable, type LedgerItem, type LedgerTableDeps, number, readNumber } from './table.ts';

/** Which sessions failed, and which one did not. */
export interface Row {
  /** Session keys since the last success; empty where none failed. */
  readonly failed: readonly string[];
  /** The newest session that was fetched and announced; undefined where there was none yet. */
  readonly healthy: SessionRef | undefined;
  readonly refuted: Refuted;
  /** When the newest success was noted, epoch ms; undefined where something has failed or was removed since. */
  readonly quietSinceMs: number | undefined;
}

/**
 * What the instances of consumer and probe know from each other about the breaker. Whether the queue is held at the moment is
 * the switch's to say, not a note's. Every method may reject: its caller goes on without it.
 */
export interface BreakerNotes {
  readOpening(): Promise<NotedOpening | undefined>;
  /**
   * Replaces the one that began at `replacesMs`; undefined: there was none. False, and nothing happens, where another one
   * came between.
   */
  noteOpening(opening: Opening, replacesMs: number | undefined): Promise<boolean>;
  /**
   * Changes the opening of `openedMs`, and leaves a closing that came meanwhile as it is. Nothing happens where another
   * opening has replaced it.
   */
  noteFailedProbe(
    openedMs: number,
    next: Pick<Opening, 'holdOffSeconds' | 'nextProbeMs' | 'failedProbes'>,
  ): Promise<void>;
  /** Closes the opening of `openedMs`. Nothing happens where another has replaced it. */
  noteClosing(openedMs: number, closing: Closing): Promise<void>;

  readPause(): Promise<Pause | undefined>;
  notePause(pause: Pause): Promise<void>;
  /** Nothing happens where there is none. */
  clearPause(): Promise<void>;

  readRow(): Promise<Row>;
  /**
   * The session is healthy, and whatever was in a row (failures, removals) is none any more. After a trial it refutes those
   * that were on trial.
   */
  noteSuccess(session: SessionRef, nowMs: number): Promise<void>;
  /** Returns the streak with this session in it. */
  noteFailure(session: SessionRef, nowMs: number): Promise<Streak>;
  /** Returns how many different sessions were removed in a row, this one included. */
  noteRemoval(session: SessionRef): Promise<number>;
  /** A healthy session was fetched where these failed: their failures are their own from now on. Ends the row. */
  refute(sessionKeys: readonly string[], nowMs: number): Promise<void>;
  /** No look could decide, and a run shall: the row stays, and the next success refutes these. */
  noteTrial(sessionKeys: readonly string[]): Promise<void>;
  /** Forgets failures and removals, and no healthy session. */
  clearRow(): Promise<void>;
}

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
      const condition = isNew ? 'attribute_not_exists(openedMs)' : 'openedMs = :replaces';
      const noted = await ledger.updateIf(OPENING, condition, {
        expression: SET_OPENING,
        values: { ...toOpeningValues(opening), ...(!isNew && { ':replaces': number(replacesMs) }) },
      });
      return noted !== undefined;
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

// What an earlier opening had must not stay behind.
function text(value: string | undefined) {
  return value === undefined ? { NULL: true as const } : { S: value };
}

/** A set that is read before it grows: it stays small through an outage in which nothing can be turned off. */
function isFull(sessions: LedgerItem[string] | undefined): boolean {
  return (sessions?.SS?.length ?? 0) >= STREAK_CAP;
}

/** What the item of the newest opening says; undefined where a closing alone could be noted. Throws `ledger_failed`. */
function toNotedOpening(item: LedgerItem): NotedOpening | undefined {
  if (item.openedMs === undefined) return undefined;
  return {
    openedMs: readNumber(item.openedMs),
    code: item.code?.S ?? 'unknown',
    route: item.failedRoute?.S,
    session: parseSessionRef(item.websiteId?.S, item.sessionId?.S),
    holdOffSeconds: readNumber(item.holdOffSeconds),
    nextProbeMs: readNumber(item.nextProbeMs),
    failedProbes: readNumber(item.failedProbes),
    closing:
      item.closedMs === undefined
        ? undefined
        : { closedMs: readNumber(item.closedMs), wasFalseAlarm: item.falseAlarm?.BOOL ?? false },
  };
}

/** Undefined where the pause was taken back. */
function toPause({ sinceMs, pauseReason }: LedgerItem): Pause | undefined {
  return sinceMs && { sinceMs: readNumber(sinceMs), reason: pauseReason?.S ?? '' };
}

function toRow(item: LedgerItem): Row {
  const { failedSessions, healthyWebsiteId, healthySessionId, refutedSessions, refutedMs } = item;
  const isQuiet = !failedSessions && !item.removedSessions && !item.triedSessions && item.healthyMs;
  return {
    failed: failedSessions?.SS ?? [],
    healthy: parseSessionRef(healthyWebsiteId?.S, healthySessionId?.S),
    refuted: {
      sessions: refutedSessions?.SS ?? [],
      atMs: refutedMs === undefined ? 0 : readNumber(refutedMs),
    },
    quietSinceMs: isQuiet ? readNumber(isQuiet) : undefined,
  };
}

function toStreak({ failedSessions, firstMs }: LedgerItem): Streak {
  return { sessions: failedSessions?.SS ?? [], firstMs: readNumber(firstMs) };
}

/** The sessions that failed, one after the other, since the last one that succeeded. */
export interface Streak {
  /** Session keys, each once; no more than `STREAK_CAP`. */
  readonly sessions: readonly string[];
  /** Of the first failure, epoch ms. */
  readonly firstMs: number;
}

/** More sessions than this prove nothing more, and would make the note large. */
export const STREAK_CAP = 20;

/** The sessions for which the breaker has opened, and which a healthy one has shown to be to blame themselves. */
export interface Refuted {
  /** Session keys; no more than `STREAK_CAP`. */
  readonly sessions: readonly string[];
  /** Of the newest refutation, epoch ms. */
  readonly atMs: number;
}

/** Why the breaker opened, and when it is to be tried again. Ids, codes and times, never content. */
export interface Opening {
  /** Epoch ms. */
  readonly openedMs: number;
  /** Code of the failure, or `too_many_removals`. */
  readonly code: string;
  /** The route of Crisp that failed, without its ids; undefined where it was not Crisp that failed. */
  readonly route: string | undefined;
  /** Whose run failed. */
  readonly session: SessionRef | undefined;
  /** How long the next look waits; doubled by each one that fails. */
  readonly holdOffSeconds: number;
  /** No look before this, epoch ms. */
  readonly nextProbeMs: number;
  /** Looks that found Crisp still failing. */
  readonly failedProbes: number;
}

/** The session that an opening is about; undefined where it is about a whole website. */
export function toOpenedFor({ session, route }: Pick<Opening, 'session' | 'route'>): SessionRef | undefined {
  return route === CONTROL_ROUTE ? undefined : session;
}

/** The newest opening, over or not. */
export interface NotedOpening extends Opening {
  readonly closing: Closing | undefined;
}

interface Closing {
  /** Epoch ms. */
  readonly closedMs: number;
  /** True where others could be fetched all the time: what failed was one session's own. */
  readonly wasFalseAlarm: boolean;
}

/** An operator's explicit wish that nothing is fetched, in force until it is taken back. */
export interface Pause {
  /** Epoch ms. */
  readonly sinceMs: number;
  /** One clipped sentence for a person. */
  readonly reason: string;
}

/** The route of the control call: the website itself, under no session's path. */
export const CONTROL_ROUTE = 'website';
