import type { Clock } from '../../../ports/clock.ts';
import type { Counters } from '../counters.ts';
import type { CrispEvent } from '../model/event.ts';
import type { Switches } from '../switches.ts';
import type { HookSubscription } from './hook-subscription.ts';

export type DeliveryOutcome = 'held' | 'pending' | 'acknowledged' | 'abandoned' | 'lost';

/** One event on its way to one hook. */
export interface Delivery {
  readonly id: number;
  readonly subscription: HookSubscription;
  readonly event: CrispEvent;
  readonly body: string;
  attempts: number;
  outcome: DeliveryOutcome;
  /** Under which a restart would know of it. */
  noteId?: string;
}

/** What sending needs. */
export interface SenderDeps {
  readonly clock: Clock;
  readonly switches: Switches;
  readonly counters: Counters;
  /** Hears of each delivery that was acknowledged or given up. */
  readonly onEnd: (delivery: Delivery) => void;
}
