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
}

/** What sending needs. */
export interface SenderDeps {
  readonly clock: Clock;
  readonly switches: Switches;
  readonly counters: Counters;
}
