import { type Opening, toOpenedFor } from '../../core/breaker/opening.ts';
import { isJobErrorCode, JOB_ERRORS } from '../../core/errors/job-error.ts';
import { toJobError } from '../../core/errors/to-job-error.ts';
import { toSessionKey } from '../../core/ids.ts';
import type { BreakerNotes } from '../../ports/breaker-notes.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConsumerSwitch } from '../../ports/consumer-switch.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { BestEffort } from '../best-effort.ts';
import type { Look } from './look-at-crisp.ts';

export interface CloseBreakerDependencies {
  readonly consumerSwitch: Pick<ConsumerSwitch, 'turnOn' | 'turnOff'>;
  readonly notes: Pick<
    BreakerNotes,
    'readPause' | 'readRow' | 'noteClosing' | 'clearRow' | 'refute' | 'noteTrial'
  >;
  readonly bestEffort: BestEffort;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

function isRefusal(code: string): boolean {
  return isJobErrorCode(code) && JOB_ERRORS[code] === 'refused';
}

export type ClosingReason = Exclude<Look['outcome'], 'failing'>;

export interface Closed {
  readonly reason: ClosingReason;
  readonly code: string;
  /** Undefined where none is known. */
  readonly opening: Opening | undefined;
}

/**
 * Turns the switch on and notes it. False, and an event, where it could not be turned; false also where an operator has
 * paused the queue while Crisp was asked, or pauses it while the switch is turned: then it is turned off again.
 *
 * After a false alarm the sessions that failed are to blame themselves. After a trial whatever was in a row still is: the
 * first failure opens again, and no session pays for it; the first success shows that it was they.
 */
export function createCloseBreaker(dependencies: CloseBreakerDependencies) {
  const { consumerSwitch, notes, bestEffort, clock, telemetry } = dependencies;

  return async ({ reason, code, opening }: Closed): Promise<boolean> => {
    if (await isPaused()) return false;
    if (!(await isTurned(() => consumerSwitch.turnOn()))) return false;
    if (await isPaused()) {
      await isTurned(() => consumerSwitch.turnOff());
      return false;
    }
    await settleRow(reason, opening);
    const closing = { closedMs: clock.nowMs(), wasFalseAlarm: reason === 'false-alarm' };
    if (opening) await bestEffort('note-closing', () => notes.noteClosing(opening.openedMs, closing));
    telemetry.emit({ name: 'breaker-closed', code });
    return true;
  };

  async function settleRow(reason: ClosingReason, opening: Opening | undefined): Promise<void> {
    const isOfSessions = opening !== undefined && opening.code !== 'too_many_removals';
    // Limits refuse some and let others pass: the first success after a trial says nothing of those that were refused.
    if (isOfSessions && reason === 'trial' && !isRefusal(opening.code))
      await bestEffort('note-trial', async () => notes.noteTrial(await readBlamed(opening)));
    if (isOfSessions && reason === 'false-alarm')
      await bestEffort('refute', async () => notes.refute(await readBlamed(opening), clock.nowMs()));
    else if (reason !== 'trial') await bestEffort('clear-row', () => notes.clearRow());
  }

  async function readBlamed(opening: Opening): Promise<string[]> {
    const { failed } = await notes.readRow();
    const session = toOpenedFor(opening);
    return [...new Set([...(session ? [toSessionKey(session)] : []), ...failed])];
  }

  /** False also where it cannot be read: progress wins. */
  async function isPaused(): Promise<boolean> {
    return (await bestEffort('read-pause', () => notes.readPause())) !== undefined;
  }

  async function isTurned(turn: () => Promise<void>): Promise<boolean> {
    try {
      await turn();
      return true;
    } catch (thrown) {
      telemetry.emit({ name: 'breaker-unchanged', code: toJobError(thrown).reason });
      return false;
    }
  }
}
