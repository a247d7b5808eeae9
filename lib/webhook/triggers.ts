import type { EventTrigger } from '../config/config.ts';
import { type FetchMode, type PersonRef, parseWebsiteId, type SessionRef, type WebsiteId } from '../ids.ts';
import { toShape } from '../text.ts';
import { type HookEvent, pickPeopleId, pickSessionId, pickWebsiteId } from './event.ts';
import { HookRefusedError } from './refusal.ts';

type IgnoredCode = 'unsupported_event' | 'untriggered_event' | 'no_session' | 'unknown_website';

/** What a verified event is worth: a fetch of its session, or of those of its person, or nothing. */
type HookDecision =
  | { readonly outcome: 'enqueue'; readonly session: SessionRef; readonly mode: FetchMode }
  | { readonly outcome: 'note'; readonly person: PersonRef }
  | { readonly outcome: 'ignore'; readonly code: IgnoredCode };

interface HookRules {
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
  const isAboutPerson = PROFILE_EVENTS.has(event.name);
  if (!isAboutPerson && !concernsSession(event)) return ignore('no_session');
  if (isOfOthers(event, websiteIds)) return ignore('unknown_website');

  if (!event.hasData) throw new HookRefusedError('data_malformed');
  const websiteId = pickWebsiteId(event);
  if (isAboutPerson) return { outcome: 'note', person: { websiteId, peopleId: pickPeopleId(event) } };
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

/** They name a person and no session, and change what all the person's records say. */
const PROFILE_EVENTS = new Set(['people:profile:updated', 'people:profile:removed']);

/** Messages and sessions always do; of the rest (people, plans, …) some events name a session and others do not. */
function concernsSession({ name, data }: HookEvent): boolean {
  if (name.startsWith('message:') || name.startsWith('session:')) return true;
  return data.session_id !== undefined && data.session_id !== null;
}

/**
 * What became of a genuine delivery. `queued`: the queue has its job for good. `noted`: the ledger has its person.
 * `ignored`: it is of no interest. Whatever is none of these is a `HookRefusedError`.
 */
export type AcceptedHook =
  | { readonly outcome: 'queued'; readonly messageId: string }
  | { readonly outcome: 'noted' }
  | { readonly outcome: 'ignored'; readonly code: IgnoredCode };

/** What an incremental fetch may not read again: messages on old pages, and the profile. */
const CHANGES_WHAT_IS_KNOWN = new Set(['message:updated', 'message:removed', 'people:sync:profile']);

/** How much must be fetched after an event. */
function decideFetchMode({ name }: HookEvent): FetchMode {
  return CHANGES_WHAT_IS_KNOWN.has(name) ? 'full' : 'incremental';
}

/** Every event of Crisp's RTM reference of February 2026; hooks deliver a subset. A name that is not here is news. */
export const KNOWN_EVENTS: ReadonlySet<string> = new Set([
  ...withPrefix('message:', 'send received updated removed compose:send compose:receive'),
  ...withPrefix('message:acknowledge:', 'read:send read:received unread:send delivered ignored'),
  ...withPrefix('message:notify:', 'unread:send unread:received'),
  ...withPrefix('session:', 'update_availability update_verify request:initiated removed error'),
  ...withPrefix('session:set_', 'email phone address subject avatar nickname origin data segments block'),
  ...withPrefix('session:set_', 'opened closed participants mentions routing inbox state'),
  ...withPrefix('session:sync:', 'capabilities geolocation system network timezone locales'),
  ...withPrefix('session:sync:', 'pages events rating topic'),
  ...withPrefix('people:', 'profile:created profile:updated profile:removed bind:session sync:profile'),
  ...withPrefix('people:import:', 'progress done'),
  ...withPrefix('campaign:', 'progress dispatched running'),
  ...withPrefix('browsing:request:', 'initiated rejected'),
  ...withPrefix('call:request:', 'initiated rejected'),
  ...withPrefix('identity:', 'verify:request'),
  ...withPrefix('widget:', 'action:processed'),
  ...withPrefix('spam:', 'message decision'),
  ...withPrefix('status:', 'health:changed'),
  ...withPrefix('website:', 'update_visitors_count update_operators_availability users:available'),
  ...['upload', 'avatar', 'website', 'campaign', 'helpdesk', 'status', 'processing'].map(
    (kind) => `bucket:url:${kind}:generated`,
  ),
  ...withPrefix('media:', 'animation:listed'),
  ...withPrefix('email:', 'subscribe track:view'),
  ...withPrefix('plugin:', 'channel event subscription:updated settings:saved'),
  ...withPrefix('plan:', 'subscription:updated'),
]);

const EVENT_NAME = /^[a-z]+(?::[a-z]+(?:_[a-z]+)*){1,4}$/;

/**
 * An event's name as a log may show it: a known one, or one that is formed like them, for a name that is new is worth
 * knowing; of anything else the shape.
 */
export function toEventName(name: string): string {
  if (KNOWN_EVENTS.has(name) || (name.length <= 64 && EVENT_NAME.test(name))) return name;
  return `"${toShape(name, 40)}"`;
}

function withPrefix(prefix: string, names: string): string[] {
  return names.split(' ').map((name) => prefix + name);
}

/** True where an event is one of those that `TRIGGER_EVENTS` asks for; without data, it may be of any state. */
function matchesTrigger({ name, data, hasData }: HookEvent, triggers: readonly EventTrigger[]): boolean {
  return triggers.some((trigger) => {
    const isNamed = trigger.isPrefix ? name.startsWith(trigger.name) : name === trigger.name;
    return isNamed && (trigger.state === undefined || !hasData || data.state === trigger.state);
  });
}
