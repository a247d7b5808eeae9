import type { Pause } from '../../core/breaker/opening.ts';
import { toJobError } from '../../core/errors/to-job-error.ts';
import { toPrintable } from '../../core/text/to-printable.ts';
import type { BreakerNotes } from '../../ports/breaker-notes.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConsumerSwitch } from '../../ports/consumer-switch.ts';

export interface PauseConsumerDependencies {
  readonly notes: Pick<BreakerNotes, 'notePause'>;
  readonly consumerSwitch: Pick<ConsumerSwitch, 'turnOff'>;
  readonly clock: Clock;
}

/** `noted`: the switch could not be turned just now, for `code`; the probe does it within a minute. */
export type PauseResult =
  | { readonly outcome: 'paused'; readonly pause: Pause }
  | { readonly outcome: 'noted'; readonly pause: Pause; readonly code: string };

const MAX_REASON_LENGTH = 200;

/**
 * Holds the queue for as long as an operator wants; intake goes on. Neither breaker nor probe ends a pause. Rejects with
 * `ledger_failed` where it could not be noted: nothing has changed then.
 */
export function createPauseConsumer({ notes, consumerSwitch, clock }: PauseConsumerDependencies) {
  return async (reason: string): Promise<PauseResult> => {
    const pause = { sinceMs: clock.nowMs(), reason: toPrintable(reason, MAX_REASON_LENGTH) };
    await notes.notePause(pause);
    try {
      await consumerSwitch.turnOff();
      return { outcome: 'paused', pause };
    } catch (thrown) {
      return { outcome: 'noted', pause, code: toJobError(thrown).reason };
    }
  };
}
