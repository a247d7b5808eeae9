import { MAX_RETRY_AFTER_MS } from '../crisp/answers.ts';
import { toJobError } from '../errors.ts';
import { type SessionRef, toSessionKey } from '../ids.ts';
import type { NotedOpening, Opening, Row } from '../ledger/breaker-notes.ts';
import type { BreakerContext } from './context.ts';

export interface OpenReason {
  readonly code: string;
  readonly route?: string | undefined;
  readonly session: SessionRef;
  readonly retryAfterMs?: number | undefined;
}

/**
 * Notes why, and turns the mapping off: in this order, for a mapping that is off without a note is turned on again by the
 * first probe, and a note without a mapping holds for two minutes at most. Undefined, and an event, where the mapping could
 * not be turned: then the note is taken back, for the queue is not held.
 */
export async function openBreaker(context: BreakerContext, reason: OpenReason): Promise<Opening | undefined> {
  const { opening, found } = await findOrNote(context, reason);
  if (found === 'off') return opening;
  if (!(await isTurnedOff(context))) {
    if (found === 'none') await takeBack(context, opening);
    return undefined;
  }
  if (found === 'none') logOpening(context, opening);
  return opening;
}

/**
 * This opening, noted where there is none: instances that open at the same moment share the first one, which is logged
 * once and makes no relapse of itself. `young`: another one holds already; `off`: the queue is held since longer.
 */
async function findOrNote(
  context: BreakerContext,
  reason: OpenReason,
): Promise<{ opening: Opening; found: 'none' | 'young' | 'off' }> {
  const { notes, bestEffort, clock } = context;
  let own: Opening | undefined;
  for (let tries = 1; ; tries += 1) {
    const previous = await bestEffort('read-opening', () => notes.readOpening());
    // The answer to the note was lost, and the note was not.
    if (own && previous && isSame(own, previous)) return { opening: own, found: 'none' };
    const nowMs = clock.nowMs();
    if (previous && isHeld(previous, nowMs)) return { opening: previous, found: 'young' };
    if (previous && previous.closing === undefined && (await isOff(context)))
      return { opening: previous, found: 'off' };
    const opening = toOpening(reason, toHoldOffSeconds(previous, nowMs), nowMs);
    own = opening;
    const isNoted = await bestEffort('note-opening', () => notes.noteOpening(opening, previous?.openedMs));
    // With the ledger away it holds without a note.
    if (isNoted !== false || tries === MOST_TRIES) return { opening, found: 'none' };
  }
}

async function isTurnedOff({ mapping, telemetry }: BreakerContext): Promise<boolean> {
  try {
    await mapping.turnOff();
    return true;
  } catch (thrown) {
    telemetry.emit({ name: 'breaker-unchanged', code: toJobError(thrown).reason });
    return false;
  }
}

/** A run that was under way since before the opening is no new one: the looks that failed still count. */
async function isOff({ mapping }: BreakerContext): Promise<boolean> {
  try {
    return (await mapping.read()) === 'off';
  } catch {
    return false; // To turn it off fails too, or does no harm.
  }
}

/** It held nothing, so no series of hold-offs starts with it. */
async function takeBack({ clock, bestEffort, notes }: BreakerContext, { openedMs }: Opening): Promise<void> {
  const closing = { closedMs: clock.nowMs(), wasFalseAlarm: true };
  await bestEffort('note-closing', () => notes.noteClosing(openedMs, closing));
}

function logOpening(
  { telemetry }: BreakerContext,
  { code, route, session, openedMs, nextProbeMs }: Opening,
): void {
  telemetry.emit({
    name: 'breaker-opened',
    code,
    nextLookSeconds: Math.ceil((nextProbeMs - openedMs) / 1000),
    ...(route !== undefined && { route }),
    ...(session && { websiteId: session.websiteId, sessionId: session.sessionId }),
  });
}

/** Each try but the last met another instance's note, which the next one finds. */
const MOST_TRIES = 3;

function isSame(one: Opening, other: Opening): boolean {
  const keys = [one, other].map(({ session }) => session && toSessionKey(session));
  return one.openedMs === other.openedMs && one.code === other.code && keys[0] === keys[1];
}

function toOpening(
  { code, route, session, retryAfterMs }: OpenReason,
  holdOffSeconds: number,
  openedMs: number,
): Opening {
  const nextProbeMs = toNextProbeMs(openedMs, holdOffSeconds, retryAfterMs);
  return { openedMs, code, route, session, holdOffSeconds, nextProbeMs, failedProbes: 0 };
}

/** How old the knowledge of another instance's opening may be. */
const READ_EVERY_MS = 5000;

/** Knows of a young opening, this instance's own or another's: messages that are still delivered then cost no call. */
export function watchOpening({ notes, bestEffort, clock }: BreakerContext) {
  let own: Opening | undefined;
  let noted: Promise<NotedOpening | undefined> = Promise.resolve(undefined);
  let row: Promise<Row | undefined> | undefined;
  let readMs = Number.NEGATIVE_INFINITY;

  return {
    remember(opening: Opening): void {
      own = opening;
    },

    /** What is in a row, as of a few seconds ago. */
    async row(): Promise<Row | undefined> {
      readIfOld(clock.nowMs());
      row ??= bestEffort('read-row', () => notes.readRow());
      return row;
    },

    /** The row has changed; undefined: it is read anew the next time. */
    learn(changed: Row | undefined): void {
      row = changed && Promise.resolve(changed);
    },

    async find(): Promise<Opening | undefined> {
      const nowMs = clock.nowMs();
      readIfOld(nowMs);
      const newest = await noted;
      // By the opening and not by when it was closed: that comes from another machine's clock, an operator's perhaps.
      if (own && newest?.closing && newest.openedMs >= own.openedMs) own = undefined;
      return [own, newest].find((opening) => opening && isHeld(opening, nowMs));
    },
  };

  function readIfOld(nowMs: number): void {
    if (nowMs - readMs < READ_EVERY_MS) return;
    readMs = nowMs;
    noted = bestEffort('read-opening', () => notes.readOpening());
    row = undefined;
  }
}

/** The first look comes after a minute: most troubles are shorter. */
export const FIRST_HOLD_OFF_SECONDS = 60;

/** A recovery is noticed within a quarter of an hour, and a day of outage costs no more than a hundred looks. */
export const LONGEST_HOLD_OFF_SECONDS = 900;

/** An opening this soon after a close is a relapse: what was wrong had not really passed. */
const RELAPSE_MS = 30 * 60_000;

/** The hold-off of an opening now: twice the last one's after a relapse, else the first. A false alarm starts no series. */
export function toHoldOffSeconds(previous: NotedOpening | undefined, nowMs: number): number {
  if (previous === undefined || previous.closing?.wasFalseAlarm) return FIRST_HOLD_OFF_SECONDS;
  // A closing that could not be noted came after the opening, whenever that was.
  const quietSinceMs = previous.closing?.closedMs ?? Math.max(previous.openedMs, previous.nextProbeMs);
  return nowMs - quietSinceMs < RELAPSE_MS ? doubleHoldOff(previous.holdOffSeconds) : FIRST_HOLD_OFF_SECONDS;
}

export function doubleHoldOff(holdOffSeconds: number): number {
  return Math.min(LONGEST_HOLD_OFF_SECONDS, Math.max(FIRST_HOLD_OFF_SECONDS, holdOffSeconds * 2));
}

/** When to look again: after the hold-off, and not before the time that Crisp asked for. */
export function toNextProbeMs(nowMs: number, holdOffSeconds: number, retryAfterMs = 0): number {
  return nowMs + Math.max(holdOffSeconds * 1000, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
}

/** Turning the mapping off takes up to a minute; what was received until then is handled within as much again. */
export const HELD_FOR_MS = 120_000;

/**
 * True of an opening after which messages may still be delivered. For two minutes only: a note that was not taken back must
 * never starve a queue that is on.
 */
export function isHeld({ openedMs, closing }: Opening & Partial<NotedOpening>, nowMs: number): boolean {
  return closing === undefined && nowMs - openedMs < HELD_FOR_MS;
}
