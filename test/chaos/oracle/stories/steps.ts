import type { History, HistoryEvent } from '../history.ts';

export type Place = { readonly before: string } | { readonly after: string };

/** A history whose events have names, so that a test can say what is different in its own. */
export type Steps = readonly (readonly [name: string, event: HistoryEvent])[];

export function toHistory(steps: Steps): History {
  return steps.map(([, event]) => event);
}

export function without(steps: Steps, ...names: string[]): Steps {
  for (const name of names) find(steps, name);
  return steps.filter(([name]) => !names.includes(name));
}

/** Replaces some fields of an event. */
export function changed(steps: Steps, wanted: string, fields: Readonly<Record<string, unknown>>): Steps {
  // Tests make histories that should not be: the fields are theirs to choose.
  const event = { ...find(steps, wanted), ...fields } as HistoryEvent;
  return steps.map(([name, old]) => [name, name === wanted ? event : old]);
}

/** Puts other steps next to one. */
export function inserted(steps: Steps, added: Steps, place: Place): Steps {
  const neighbour = 'before' in place ? place.before : place.after;
  find(steps, neighbour);
  const at = steps.findIndex(([name]) => name === neighbour) + ('before' in place ? 0 : 1);
  return [...steps.slice(0, at), ...added, ...steps.slice(at)];
}

/** Takes an event to another place, at its neighbour's time. */
export function moved(steps: Steps, name: string, place: Place): Steps {
  const { atMs } = find(steps, 'before' in place ? place.before : place.after);
  return inserted(without(steps, name), [[name, { ...find(steps, name), atMs }]], place);
}

function find(steps: Steps, wanted: string): HistoryEvent {
  const found = steps.find(([name]) => name === wanted);
  if (!found) throw new Error(`no step is called ${wanted}`);
  return found[1];
}
