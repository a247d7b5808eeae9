import type { EventTrigger } from '../config/config.ts';
import type { SessionRef, WebsiteId } from '../ids.ts';
import type { FetchMode } from '../job/session-job.ts';
import { decideFetchMode } from './decide-fetch-mode.ts';
import { KNOWN_EVENTS } from './known-events.ts';
import { matchesTrigger } from './matches-trigger.ts';
import { pickSessionId, pickWebsiteId } from './pick-ids.ts';
import type { HookEvent } from './read-hook-event.ts';

export type IgnoredCode = 'unsupported_event' | 'untriggered_event' | 'no_session' | 'unknown_website';

/** What a verified event is worth: a fetch of its session, or nothing. */
export type HookDecision =
  | { readonly outcome: 'enqueue'; readonly session: SessionRef; readonly mode: FetchMode }
  | { readonly outcome: 'ignore'; readonly code: IgnoredCode };

export interface HookRules {
  readonly triggers: readonly EventTrigger[];
  /** Empty: all. */
  readonly websiteIds: readonly WebsiteId[];
}

/** Throws `HookRefusedError` for an event that is wanted and whose ids cannot be used. */
export function decideHook(event: HookEvent, { triggers, websiteIds }: HookRules): HookDecision {
  if (!matchesTrigger(event, triggers)) {
    return ignore(KNOWN_EVENTS.has(event.name) ? 'untriggered_event' : 'unsupported_event');
  }
  if (!concernsSession(event)) return ignore('no_session');

  const websiteId = pickWebsiteId(event);
  if (websiteIds.length > 0 && !websiteIds.includes(websiteId)) return ignore('unknown_website');
  const session = { websiteId, sessionId: pickSessionId(event) };
  return { outcome: 'enqueue', session, mode: decideFetchMode(event) };
}

function ignore(code: IgnoredCode): HookDecision {
  return { outcome: 'ignore', code };
}

/** Messages and sessions always do; of the rest (people, plans, …) some events name a session and others do not. */
function concernsSession({ name, data }: HookEvent): boolean {
  if (name.startsWith('message:') || name.startsWith('session:')) return true;
  return data.session_id !== undefined && data.session_id !== null;
}
