import type { EventTrigger } from '../config/config.ts';
import type { HookEvent } from './read-hook-event.ts';

/** True where an event is one of those that `TRIGGER_EVENTS` asks for. */
export function matchesTrigger({ name, data }: HookEvent, triggers: readonly EventTrigger[]): boolean {
  return triggers.some((trigger) => {
    const isNamed = trigger.isPrefix ? name.startsWith(trigger.name) : name === trigger.name;
    return isNamed && (trigger.state === undefined || data.state === trigger.state);
  });
}
