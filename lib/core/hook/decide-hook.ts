import type { EventTrigger } from '../config/config.ts';
import { HookRefusedError } from '../errors/hook-refused-error.ts';
import { parseWebsiteId, type SessionRef, type WebsiteId } from '../ids.ts';
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

/**
 * An event that is not for us is ignored whatever else is in it: only what will be used is looked at. Throws
 * `HookRefusedError` for an event that is wanted and whose data or ids cannot be used.
 */
export function decideHook(event: HookEvent, { triggers, websiteIds }: HookRules): HookDecision {
  if (!matchesTrigger(event, triggers)) {
    return ignore(KNOWN_EVENTS.has(event.name) ? 'untriggered_event' : 'unsupported_event');
  }
  if (!concernsSession(event)) return ignore('no_session');
  if (isOfOthers(event, websiteIds)) return ignore('unknown_website');

  if (!event.hasData) throw new HookRefusedError('data_malformed');
  const websiteId = pickWebsiteId(event);
  const session = { websiteId, sessionId: pickSessionId(event) };
  return { outcome: 'enqueue', session, mode: decideFetchMode(event) };
}

function ignore(code: IgnoredCode): HookDecision {
  return { outcome: 'ignore', code };
}

/** True where it names websites, in the envelope or in its data, and none of them is listed. */
function isOfOthers({ data, websiteId }: HookEvent, listed: readonly WebsiteId[]): boolean {
  const named = [websiteId, data.website_id].map(parseWebsiteId).filter((id) => id !== undefined);
  return listed.length > 0 && named.length > 0 && !named.some((id) => listed.includes(id));
}

/** Messages and sessions always do; of the rest (people, plans, …) some events name a session and others do not. */
function concernsSession({ name, data }: HookEvent): boolean {
  if (name.startsWith('message:') || name.startsWith('session:')) return true;
  return data.session_id !== undefined && data.session_id !== null;
}
