import type { Clock } from '../../ports/clock.ts';
import type { CrispEvent } from './model/event.ts';
import type { Random } from './random.ts';
import type { Store } from './store/create-store.ts';
import type { Switches } from './switches.ts';

/** What every action works on. */
export interface World {
  readonly clock: Clock;
  readonly switches: Switches;
  readonly store: Store;
  /** Ids have a stream of their own: asking for one more text changes no id. */
  readonly ids: Random;
  readonly invention: Random;
  /** Tells the subscribed hooks. */
  publish(event: CrispEvent): void;
}

/** The same world, but what happens in it is told to nobody: for data that was there before. */
export function toQuietWorld(world: World): World {
  return { ...world, publish: () => undefined };
}
