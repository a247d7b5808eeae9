import { toJobError } from '../../core/errors/to-job-error.ts';
import type { BreakerNotes } from '../../ports/breaker-notes.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConsumerSwitch } from '../../ports/consumer-switch.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { BestEffort } from '../best-effort.ts';
import type { Look } from './look-at-crisp.ts';

export interface CloseBreakerDependencies {
  readonly consumerSwitch: Pick<ConsumerSwitch, 'turnOn'>;
  readonly notes: Pick<BreakerNotes, 'noteClosing' | 'clearRow'>;
  readonly bestEffort: BestEffort;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export type ClosingReason = Exclude<Look['outcome'], 'failing'>;

/**
 * Turns the switch on and notes it. False, and an event, where it could not be turned. After a trial whatever was in a
 * row still is: the first failure opens again, and no session pays for it.
 */
export function createCloseBreaker(dependencies: CloseBreakerDependencies) {
  const { consumerSwitch, notes, bestEffort, clock, telemetry } = dependencies;

  return async (reason: ClosingReason, code: string): Promise<boolean> => {
    try {
      await consumerSwitch.turnOn();
    } catch (thrown) {
      telemetry.emit({ name: 'breaker-unchanged', code: toJobError(thrown).reason });
      return false;
    }
    if (reason !== 'trial') await bestEffort('clear-row', () => notes.clearRow());
    const closing = { closedMs: clock.nowMs(), wasFalseAlarm: reason === 'false-alarm' };
    await bestEffort('note-closing', () => notes.noteClosing(closing));
    telemetry.emit({ name: 'breaker-closed', code });
    return true;
  };
}
