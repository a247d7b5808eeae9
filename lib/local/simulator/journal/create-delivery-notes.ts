import type { CrispEvent } from '../model/event.ts';
import type { Journal } from './open-journal.ts';

/** Remembers which events are on their way to a plugin's hook, so that a restart goes on with them. */
export interface DeliveryNotes {
  /** Events that were on their way when the simulator last ended; each is handed out once. */
  takePending(): readonly CrispEvent[];
  /** Notes that an event is on its way, and returns the id to end it with. */
  begin(event: CrispEvent): string;
  end(id: string): void;
}

/** Without a journal nothing is remembered. */
export function createDeliveryNotes(journal?: Journal): DeliveryNotes {
  let pending = (journal?.lines ?? []).flatMap((line) =>
    line.kind === 'delivery' && line.event !== null ? [{ id: line.id, event: line.event }] : [],
  );
  let count = 0;
  const end = (id: string) => journal?.append({ kind: 'delivery', id, event: null });

  return {
    takePending() {
      const taken = pending;
      pending = [];
      // Ended under their old ids only once they are begun anew: killed in between, both are there.
      queueMicrotask(() => {
        for (const { id } of taken) end(id);
      });
      return taken.map(({ event }) => event);
    },
    begin(event) {
      count += 1;
      const id = `${journal?.generation ?? 0}-${count}`;
      journal?.append({ kind: 'delivery', id, event });
      return id;
    },
    end,
  };
}
