import { isHeld } from '../../core/breaker/hold-off.ts';
import type { NotedOpening, Opening } from '../../core/breaker/opening.ts';
import type { BreakerNotes } from '../../ports/breaker-notes.ts';
import type { Clock } from '../../ports/clock.ts';
import type { BestEffort } from '../best-effort.ts';

/** How old the knowledge of another instance's opening may be. */
const READ_EVERY_MS = 5000;

export interface WatchOpeningDependencies {
  readonly notes: Pick<BreakerNotes, 'readOpening'>;
  readonly bestEffort: BestEffort;
  readonly clock: Clock;
}

/** Knows of a young opening, this instance's own or another's: messages that are still delivered then cost no call. */
export function createWatchOpening({ notes, bestEffort, clock }: WatchOpeningDependencies) {
  let own: Opening | undefined;
  let noted: Promise<NotedOpening | undefined> = Promise.resolve(undefined);
  let readMs = Number.NEGATIVE_INFINITY;

  return {
    remember(opening: Opening): void {
      own = opening;
    },

    async find(): Promise<Opening | undefined> {
      const nowMs = clock.nowMs();
      if (nowMs - readMs >= READ_EVERY_MS) {
        readMs = nowMs;
        noted = bestEffort('read-opening', () => notes.readOpening());
      }
      const newest = await noted;
      // By the opening and not by when it was closed: that is told by another machine's clock, an operator's perhaps.
      if (own && newest?.closing && newest.openedMs >= own.openedMs) own = undefined;
      return [own, newest].find((opening) => opening && isHeld(opening, nowMs));
    },
  };
}
