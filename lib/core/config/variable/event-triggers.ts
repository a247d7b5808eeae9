import type { EventTrigger } from '../config.ts';
import { listOf } from './list-of.ts';

// A name, or the beginning of one and a star, or a name and a state; Crisp's names are words joined by colons.
const TRIGGER = /^(?:(?<name>[a-z_]+(?::[a-z_]+)*)(?:=(?<state>[a-z]+))?|(?<prefix>[a-z_:]*)\*)$/;

/** Which events are worth a fetch: `name`, `prefix*`, or `name=value`. */
export function eventTriggers(fallback: readonly string[]) {
  return listOf({
    expected: 'events as name, name=state or prefix*',
    fallback: fallback.join(','),
    parseItem: parseTrigger,
  });
}

function parseTrigger(text: string): EventTrigger | undefined {
  const { name, state, prefix } = TRIGGER.exec(text)?.groups ?? {};
  if (prefix !== undefined) return { name: prefix, isPrefix: true };
  if (name === undefined) return undefined;
  return state === undefined ? { name, isPrefix: false } : { name, isPrefix: false, state };
}
