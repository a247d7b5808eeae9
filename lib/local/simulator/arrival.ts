import { parseSessionId, type SessionRef, type WebsiteId } from '../../ids.ts';
import { emitSessionEvent, emitWebsiteEvent, touch, type World } from './actions.ts';
import type { SessionEvents } from './events.ts';
import { inventConversation, inventPersona, inventProfile, type Persona } from './invent.ts';
import { type ConversationState, STATUS_OF_STATE } from './model.ts';
import { addProfile, findProfile, findWebsite, SimulatorError, type StoredConversation } from './store.ts';

interface StartConversationInput {
  /** Default: the first website. */
  readonly websiteId?: WebsiteId;
  /** Drawn from the seed where it is absent. */
  readonly sessionId?: string;
  readonly nickname?: string;
  readonly email?: string;
  /** A visitor who gave no address, and so has no profile. */
  readonly isAnonymous?: boolean;
  readonly state?: ConversationState;
  /** The conversation, of the same website, that this one was split from. */
  readonly parentSessionId?: string;
}

/**
 * A visitor opens the chat box: the conversation exists, and events say what the browser told Crisp. A visitor with an
 * address is bound to its profile, a new one where no profile has that address.
 */
export function startConversation(world: World, input: StartConversationInput = {}): SessionRef {
  const { websiteId = world.websiteId, isAnonymous = false, state = 'pending' } = input;
  const website = findWebsite(world.store, websiteId);
  const ref = toSession(websiteId, input.sessionId ?? `session_${world.ids.uuid()}`);
  if (website.conversations.has(ref.sessionId)) throw new SimulatorError('session_exists', ref.sessionId);

  const invented = inventPersona(world.invention);
  const { nickname = invented.nickname, email = invented.email } = input;
  const persona = { ...invented, nickname, email };
  const conversation = inventConversation(ref, persona, { nowMs: world.clock.nowMs(), isAnonymous });
  const stored: StoredConversation = {
    ref,
    conversation: { ...conversation, state, status: STATUS_OF_STATE[state] },
    messages: [],
    visitedPages: [],
    events: [],
    relations: { parent: null, children: [] },
  };
  website.conversations.set(ref.sessionId, stored);
  if (input.parentSessionId !== undefined) relate(world, stored, input.parentSessionId);
  emitArrival(world, stored);
  if (!isAnonymous) bindProfile(world, stored, persona);
  return ref;
}

function toSession(websiteId: WebsiteId, sessionId: string): SessionRef {
  const parsed = parseSessionId(sessionId);
  if (parsed === undefined) throw new SimulatorError('unknown_session', 'no session id');
  return { websiteId, sessionId: parsed };
}

function relate(world: World, child: StoredConversation, parentSessionId: string): void {
  const parent = toSession(child.ref.websiteId, parentSessionId);
  touch(world, parent).relations.children.push(child.ref.sessionId);
  child.relations.parent = parent.sessionId;
  // No event says that the parent changed too.
  world.keep(parent);
}

function emitArrival(world: World, stored: StoredConversation): void {
  const { meta, availability } = stored.conversation;
  const { capabilities, geolocation, system, timezone, locales } = meta.device;
  const emitHere = <Name extends keyof SessionEvents>(event: Name, fields: SessionEvents[Name]) =>
    emitSessionEvent(world, stored, event, fields);

  emitHere('session:request:initiated', {});
  emitHere('session:update_availability', { availability });
  emitHere('session:set_nickname', { nickname: meta.nickname });
  if (meta.email !== '') emitHere('session:set_email', { email: meta.email });
  emitHere('session:sync:capabilities', { capabilities });
  emitHere('session:sync:geolocation', { geolocation });
  emitHere('session:sync:system', { system });
  emitHere('session:sync:network', { network: { ip: meta.ip, connection: meta.connection } });
  emitHere('session:sync:timezone', { timezone: { offset: timezone } });
  emitHere('session:sync:locales', { locales: { locales } });
}

function bindProfile(world: World, stored: StoredConversation, persona: Persona): void {
  const { websiteId } = stored.ref;
  const website = findWebsite(world.store, websiteId);
  let profile = findProfile(website, persona.email);
  if (profile === undefined) {
    profile = inventProfile(world.ids.uuid(), persona, world.clock.nowMs(), world.invention);
    addProfile(website, profile);
    const { people_id, email } = profile;
    emitWebsiteEvent(world, websiteId, 'people:profile:created', { people_id, email });
  }
  const { people_id } = profile;
  stored.conversation.people_id = people_id;
  emitSessionEvent(world, stored, 'people:bind:session', { people_id });
}
