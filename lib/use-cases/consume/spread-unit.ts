import type { SessionUnit } from '../../core/job/session-unit.ts';
import { toLeaseSeconds } from '../../core/retry/spread-seconds.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HideMessage } from './hide-message.ts';

export interface LeaseBatchDependencies {
  readonly clock: Clock;
  readonly hideMessage: HideMessage;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export type LeaseBatch = (units: readonly SessionUnit[], deadlineMs: number) => Promise<void>;

/**
 * Hides the sessions of a batch while it is worked on, each until a moment of its own soon after `deadlineMs` (epoch ms).
 * Should the instance be killed, they come back within minutes, not after the queue's visibility timeout, and without the
 * one that killed it: the session that was received most often comes back last. Any other end deletes them or hides them
 * anew. Never throws.
 */
export function createLeaseBatch({ clock, hideMessage, random }: LeaseBatchDependencies): LeaseBatch {
  return async (units, deadlineMs) => {
    const remainingMs = deadlineMs - clock.nowMs();
    const inOrder = units.toSorted((a, b) => countReceives(a) - countReceives(b));
    await Promise.all(
      inOrder.flatMap(({ messages }, place) => {
        // All of a session at one moment: a FIFO queue hands out none of it while another one is hidden.
        const seconds = toLeaseSeconds(remainingMs, place, random);
        return messages.map(({ message }) => hideMessage(message, seconds));
      }),
    );
  };
}

function countReceives({ messages }: SessionUnit): number {
  return Math.max(...messages.map(({ message }) => message.receiveCount));
}
