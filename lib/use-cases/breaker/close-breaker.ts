import type { Opening } from '../../core/breaker/opening.ts';
import { toJobError } from '../../core/errors/to-job-error.ts';
import type { BreakerNotes } from '../../ports/breaker-notes.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConsumerSwitch } from '../../ports/consumer-switch.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { BestEffort } from '../best-effort.ts';
import type { Look } from './look-at-crisp.ts';

export interface CloseBreakerDependencies {
  readonly consumerSwitch: Pick<ConsumerSwitch, 'turnOn' | 'turnOff'>;
  readonly notes: Pick<BreakerNotes, 'readPause' | 'noteClosing' | 'clearRow'>;
  readonly bestEffort: BestEffort;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export type ClosingReason = Exclude<Look['outcome'], 'failing'>;

export interface Closed {
  readonly reason: ClosingReason;
  readonly code: string;
  /** Undefined where none is known. */
  readonly opening: Pick<Opening, 'openedMs'> | undefined;
}

/**
 * Turns the switch on and notes it. False, and an event, where it could not be turned; false also where an operator has
 * paused the queue while Crisp was asked, or pauses it while the switch is turned: then it is turned off again. After a trial whatever was in a
 * row still is: the first failure opens again, and no session pays for it.
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
    if (reason !== 'trial') await bestEffort('clear-row', () => notes.clearRow());
    const closing = { closedMs: clock.nowMs(), wasFalseAlarm: reason === 'false-alarm' };
    if (opening) await bestEffort('note-closing', () => notes.noteClosing(opening.openedMs, closing));
    telemetry.emit({ name: 'breaker-closed', code });
    return true;
  };

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
