import type { DecodedMessage } from '../../core/job/session-unit.ts';
import { toSpreadSeconds } from '../../core/retry/spread-seconds.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HideMessage } from './hide-message.ts';

export interface SpreadUnitDependencies {
  readonly clock: Clock;
  readonly hideMessage: HideMessage;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export type SpreadUnit = ReturnType<typeof createSpreadUnit>;

/**
 * Takes a session apart from those beside which it is handled: hides its messages until a random moment after
 * `deadlineMs` (epoch ms). Should one of the batch kill the instance, they do not come back together with it; any other
 * end deletes them or hides them anew. Never throws.
 */
export function createSpreadUnit({ clock, hideMessage, random }: SpreadUnitDependencies) {
  return async (messages: readonly DecodedMessage[], deadlineMs: number): Promise<void> => {
    // All of them at one moment: a FIFO queue hands out none of a session while another one is hidden.
    const delaySeconds = toSpreadSeconds(deadlineMs - clock.nowMs(), random);
    await Promise.all(messages.map(({ message }) => hideMessage(message, delaySeconds)));
  };
}
