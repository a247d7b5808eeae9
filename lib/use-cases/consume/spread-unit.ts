import type { DecodedMessage } from '../../core/job/session-unit.ts';
import { QUEUE_VISIBILITY_SECONDS, toSpreadSeconds } from '../../core/retry/spread-seconds.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HideMessage } from './hide-message.ts';
import type { RecalledFailure } from './recall-failure.ts';

export interface SpreadUnitDependencies {
  readonly clock: Clock;
  readonly hideMessage: HideMessage;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** A message that was received before, as far as anybody knows. */
export type RecalledMessage = DecodedMessage & Pick<RecalledFailure, 'lastFailureMs'>;

export type SpreadUnit = ReturnType<typeof createSpreadUnit>;

/**
 * Takes a session apart from those beside which it is handled, where an earlier receive of it may have been killed: hides
 * its messages until a random moment after `deadlineMs` (epoch ms). Killed once more, they do not come back together with
 * the others; any other end deletes them or hides them anew. Never throws.
 */
export function createSpreadUnit({ clock, hideMessage, random }: SpreadUnitDependencies) {
  return async (messages: readonly RecalledMessage[], deadlineMs: number): Promise<void> => {
    const nowMs = clock.nowMs();
    if (!messages.some((each) => isUnexplained(each, nowMs))) return;

    // All of them at one moment: a FIFO queue hands out none of a session while another one is hidden.
    const delaySeconds = toSpreadSeconds(deadlineMs - nowMs, random);
    await Promise.all(messages.map(({ message }) => hideMessage(message, delaySeconds)));
  };
}

/** True where no failure tells why it was received again. A kill leaves none, and hides the message for longer than this. */
function isUnexplained({ message, lastFailureMs }: RecalledMessage, nowMs: number): boolean {
  if (message.receiveCount === 1) return false;
  return lastFailureMs === undefined || nowMs - lastFailureMs >= QUEUE_VISIBILITY_SECONDS * 1000;
}
