import { isJobErrorCode, JOB_ERRORS, toJobError } from '../errors.ts';
import { toSessionKey } from '../ids.ts';
import {
  type BreakerNotes,
  type NotedOpening,
  type Opening,
  type Pause,
  toOpenedFor,
} from '../ledger/breaker-notes.ts';
import { toPrintable } from '../text.ts';
import type { BreakerContext, OperatorContext } from './context.ts';
import type { Look } from './look.ts';
import type { EventSourceMappingState } from './mapping.ts';

/** `noted`: the mapping could not be turned just now, for `code`; the probe does it within a minute. */
type PauseResult =
  | { readonly outcome: 'paused'; readonly pause: Pause }
  | { readonly outcome: 'noted'; readonly pause: Pause; readonly code: string };

const MAX_REASON_LENGTH = 200;

/**
 * Holds the queue for as long as an operator wants; intake goes on. Neither breaker nor probe ends a pause. Rejects with
 * `ledger_failed` where it could not be noted: nothing has changed then.
 */
export async function pauseConsumer(
  { notes, mapping, clock }: OperatorContext,
  reason: string,
): Promise<PauseResult> {
  const pause = { sinceMs: clock.nowMs(), reason: toPrintable(reason, MAX_REASON_LENGTH) };
  await notes.notePause(pause);
  try {
    await mapping.turnOff();
    return { outcome: 'paused', pause };
  } catch (thrown) {
    return { outcome: 'noted', pause, code: toJobError(thrown).reason };
  }
}

/** `noted`: the mapping could not be turned just now, for `code`; the probe does it as soon as Crisp answers. */
type ResumeResult = { readonly outcome: 'resumed' } | { readonly outcome: 'noted'; readonly code: string };

/**
 * Ends a pause, and closes the breaker whatever it opened for: should nothing have passed, the next failure opens it
 * again. Removals are counted anew. Rejects with `ledger_failed` where that could not be noted: nothing has changed then,
 * or only the pause is over.
 */
export async function resumeConsumer({ notes, mapping, clock }: OperatorContext): Promise<ResumeResult> {
  await notes.clearPause();
  await notes.clearRow();
  // An opening that cannot be read must not keep the queue held; the probe notes its closing later.
  const opening = await notes.readOpening().catch(() => undefined);
  try {
    await mapping.turnOn();
  } catch (thrown) {
    return { outcome: 'noted', code: toJobError(thrown).reason };
  }
  const closing = { closedMs: clock.nowMs(), wasFalseAlarm: false };
  if (opening) await notes.noteClosing(opening.openedMs, closing);
  return { outcome: 'resumed' };
}

function isRefusal(code: string): boolean {
  return isJobErrorCode(code) && JOB_ERRORS[code].disposition === 'refused';
}

type ClosingReason = Exclude<Look['outcome'], 'failing'>;

interface Closed {
  readonly reason: ClosingReason;
  readonly code: string;
  /** Undefined where none is known. */
  readonly opening: Opening | undefined;
}

/**
 * Turns the mapping on and notes it. False, and an event, where it could not be turned; false also where an operator has
 * paused the queue while Crisp was asked, or pauses it while the mapping is turned: then it is turned off again.
 *
 * After a false alarm the sessions that failed are to blame themselves. After a trial whatever was in a row still is: the
 * first failure opens again, and no session pays for it; the first success shows that it was they.
 */
export async function closeBreaker(
  context: BreakerContext,
  { reason, code, opening }: Closed,
): Promise<boolean> {
  const { mapping, notes, bestEffort, clock, telemetry } = context;
  if (await isPaused(context)) return false;
  if (!(await isTurned(context, () => mapping.turnOn()))) return false;
  if (await isPaused(context)) {
    await isTurned(context, () => mapping.turnOff());
    return false;
  }
  await settleRow(context, reason, opening);
  const closing = { closedMs: clock.nowMs(), wasFalseAlarm: reason === 'false-alarm' };
  if (opening) await bestEffort('note-closing', () => notes.noteClosing(opening.openedMs, closing));
  telemetry.emit({ name: 'breaker-closed', code });
  return true;
}

async function settleRow(
  { notes, bestEffort, clock }: BreakerContext,
  reason: ClosingReason,
  opening: Opening | undefined,
): Promise<void> {
  const isOfSessions = opening !== undefined && opening.code !== 'too_many_removals';
  // Limits refuse some and let others pass: the first success after a trial says nothing of those that were refused.
  if (isOfSessions && reason === 'trial' && !isRefusal(opening.code))
    await bestEffort('note-trial', async () => notes.noteTrial(await readBlamed(notes, opening)));
  if (isOfSessions && reason === 'false-alarm')
    await bestEffort('refute', async () => notes.refute(await readBlamed(notes, opening), clock.nowMs()));
  else if (reason !== 'trial') await bestEffort('clear-row', () => notes.clearRow());
}

async function readBlamed(notes: BreakerNotes, opening: Opening): Promise<string[]> {
  const { failed } = await notes.readRow();
  const session = toOpenedFor(opening);
  return [...new Set([...(session ? [toSessionKey(session)] : []), ...failed])];
}

/** False also where it cannot be read: progress wins. */
async function isPaused({ bestEffort, notes }: BreakerContext): Promise<boolean> {
  return (await bestEffort('read-pause', () => notes.readPause())) !== undefined;
}

async function isTurned({ telemetry }: BreakerContext, turn: () => Promise<void>): Promise<boolean> {
  try {
    await turn();
    return true;
  } catch (thrown) {
    telemetry.emit({ name: 'breaker-unchanged', code: toJobError(thrown).reason });
    return false;
  }
}

export interface BreakerView {
  /** Whether the queue feeds the consumer: what the mapping says, not a note. */
  readonly deliveries: EventSourceMappingState | 'unknown';
  /** True where deliveries are off without an operator's pause. */
  readonly isOpen: boolean;
  readonly pause: Pause | undefined;
  /** The newest opening, with its code, hold-off and next look; over where it has a closing. */
  readonly opening: NotedOpening | undefined;
  /** Codes of what could not be read. */
  readonly problems: readonly string[];
}

/** What people and tools see of the breaker. What cannot be read is left out and named; never throws. */
export async function readBreaker({
  notes,
  mapping,
}: Pick<OperatorContext, 'notes' | 'mapping'>): Promise<BreakerView> {
  const problems: string[] = [];
  const orNote = async <T>(read: Promise<T>): Promise<T | undefined> => {
    try {
      return await read;
    } catch (thrown) {
      const code = toJobError(thrown).reason;
      if (!problems.includes(code)) problems.push(code);
      return undefined;
    }
  };
  const [deliveries = 'unknown', pause, opening] = await Promise.all([
    orNote(mapping.read()),
    orNote(notes.readPause()),
    orNote(notes.readOpening()),
  ]);
  const isHeldBack = deliveries === 'off' || deliveries === 'absent';
  return { deliveries, isOpen: isHeldBack && pause === undefined, pause, opening, problems };
}
