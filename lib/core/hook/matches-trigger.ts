import type { EventTrigger } from '../config/config.ts';
import type { HookEvent } from './read-hook-event.ts';

/** True where an event is one of those that `TRIGGER_EVENTS` asks for; without data, it may be of any state. */
export function matchesTrigger(
  { name, data, hasData }: HookEvent,
  triggers: readonly EventTrigger[],
): boolean {
  return triggers.some((trigger) => {
    const isNamed = trigger.isPrefix ? name.startsWith(trigger.name) : name === trigger.name;
    return isNamed && (trigger.state === undefined || !hasData || data.state === trigger.state);
  });
}
