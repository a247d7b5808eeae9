import { toJobError } from '../../core/errors/to-job-error.ts';
import type { BreakerNotes } from '../../ports/breaker-notes.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConsumerSwitch } from '../../ports/consumer-switch.ts';

export interface ResumeConsumerDependencies {
  readonly notes: Pick<BreakerNotes, 'clearPause' | 'clearRow' | 'readOpening' | 'noteClosing'>;
  readonly consumerSwitch: Pick<ConsumerSwitch, 'turnOn'>;
  readonly clock: Clock;
}

/** `noted`: the switch could not be turned just now, for `code`; the probe does it as soon as Crisp answers. */
export type ResumeResult =
  | { readonly outcome: 'resumed' }
  | { readonly outcome: 'noted'; readonly code: string };

/**
 * Ends a pause, and closes the breaker whatever it opened for: should nothing have passed, the next failure opens it
 * again. Removals are counted anew. Rejects with `ledger_failed` where that could not be noted: nothing has changed then,
 * or only the pause is over.
 */
export function createResumeConsumer({ notes, consumerSwitch, clock }: ResumeConsumerDependencies) {
  return async (): Promise<ResumeResult> => {
    await notes.clearPause();
    await notes.clearRow();
    // An opening that cannot be read must not keep the queue held; the probe notes its closing later.
    const opening = await notes.readOpening().catch(() => undefined);
    try {
      await consumerSwitch.turnOn();
    } catch (thrown) {
      return { outcome: 'noted', code: toJobError(thrown).reason };
    }
    const closing = { closedMs: clock.nowMs(), wasFalseAlarm: false };
    if (opening) await notes.noteClosing(opening.openedMs, closing);
    return { outcome: 'resumed' };
  };
}
