import type { Clock } from '../../../lib/ports/clock.ts';
import type { History, HistoryEvent } from '../oracle/history.ts';

type WithoutTime<Event> = Event extends unknown ? Omit<Event, 'atMs'> : never;
type Mutable<Event> = { -readonly [Field in keyof Event]: Event[Field] };

/** Writes down what a run shows to the outside. */
export interface Recorder {
  readonly history: History;
  /** Adds an event that happens now. Whoever added it may fill in what is known only later. */
  note<Event extends WithoutTime<HistoryEvent>>(event: Event): Mutable<Event>;
}

export function createRecorder(clock: Pick<Clock, 'nowMs'>): Recorder {
  const history: HistoryEvent[] = [];

  return {
    history,
    note(event) {
      const noted = { atMs: clock.nowMs(), ...event };
      // An event without its time, and its time.
      history.push(noted as unknown as HistoryEvent);
      return noted;
    },
  };
}
