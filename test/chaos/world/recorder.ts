import type { Clock } from '../../../lib/clock.ts';
import type { Random } from '../../../lib/local/simulator/random.ts';
import type { VirtualClock } from '../../support/virtual-clock.ts';
import type { History, HistoryEvent } from '../oracle/history.ts';

type WithoutTime<Event> = Event extends unknown ? Omit<Event, 'atMs'> : never;
type Mutable<Event> = { -readonly [Field in keyof Event]: Event[Field] };

/** Writes down what a run shows to the outside. */
export interface Recorder {
  readonly history: History;
  /** Adds an event that happens now. Whoever added it may fill in what is known only later. */
  note<Event extends WithoutTime<HistoryEvent>>(event: Event): Mutable<Event>;
}

/** What every part of a world has: the time, its own chance, and where to write down what happens. */
export interface Part {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly recorder: Recorder;
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

/** Rules by which faults strike: each may have something to say about a call, and the newest that has is heard. */
export interface Disturbances<Call, Trouble> {
  /** The function that is returned ends it. */
  add(rule: (call: Call) => Trouble | undefined): () => void;
  find(call: Call): Trouble | undefined;
  clear(): void;
}

export function createDisturbances<Call, Trouble>(): Disturbances<Call, Trouble> {
  const rules = new Set<(call: Call) => Trouble | undefined>();

  return {
    add(rule) {
      // A rule that is added twice is two rules.
      const added = (call: Call) => rule(call);
      rules.add(added);
      return () => void rules.delete(added);
    },
    find(call) {
      let found: Trouble | undefined;
      for (const rule of rules) found = rule(call) ?? found;
      return found;
    },
    clear: () => rules.clear(),
  };
}
