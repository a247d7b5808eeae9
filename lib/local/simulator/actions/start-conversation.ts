import { parseSessionId, type SessionRef, type WebsiteId } from '../../../core/ids.ts';
import { inventConversation } from '../invention/invent-conversation.ts';
import { inventPersona, type Persona } from '../invention/persona.ts';
import { type ConversationState, STATUS_OF_STATE } from '../model/conversation.ts';
import type { SessionEventName, SessionEvents } from '../model/event.ts';
import { SimulatorError } from '../simulator-error.ts';
import type { StoredConversation } from '../store/create-store.ts';
import type { World } from '../world.ts';
import { bindProfile } from './bind-profile.ts';
import { emitSessionEvent } from './emit.ts';
import { touch } from './touch.ts';

export interface StartConversationInput {
  readonly websiteId: WebsiteId;
  /** Drawn from the seed where it is absent. */
  readonly sessionId?: string;
  readonly nickname?: string;
  readonly email?: string;
  /** A visitor who gave no address, and so has no profile. */
  readonly isAnonymous?: boolean;
  readonly state?: ConversationState;
  readonly inboxId?: string | null;
  /** The conversation, of the same website, that this one was split from. */
  readonly parentSessionId?: string;
}

/**
 * A visitor opens the chat box: the conversation exists, and Crisp tells what the browser told it. Who gave an address
 * is bound to a profile, a new one where no profile has that address.
 */
export function startConversation(world: World, input: StartConversationInput): StoredConversation {
  const website = world.store.website(input.websiteId);
  const ref = toSession(world, input);
  if (website.conversations.has(ref.sessionId)) throw new SimulatorError('session_exists', ref.sessionId);

  const persona = toPersona(world, input);
  const stored = createConversation(world, ref, persona, input);
  website.conversations.set(ref.sessionId, stored);
  website.revision += 1;
  if (input.parentSessionId !== undefined) relate(world, stored, input.parentSessionId);
  emitArrival(world, stored);
  if (input.isAnonymous !== true) bindProfile(world, ref, persona);
  return stored;
}

function toSession(world: World, { websiteId, sessionId }: StartConversationInput): SessionRef {
  const parsed = parseSessionId(sessionId ?? `session_${world.ids.uuid()}`);
  if (parsed === undefined) throw new SimulatorError('unknown_session', 'no session id');
  return { websiteId, sessionId: parsed };
}

function toPersona(world: World, { nickname, email }: StartConversationInput): Persona {
  const invented = inventPersona(world.invention);
  return { ...invented, nickname: nickname ?? invented.nickname, email: email ?? invented.email };
}

function createConversation(
  world: World,
  ref: SessionRef,
  persona: Persona,
  { isAnonymous = false, state = 'pending', inboxId = null }: StartConversationInput,
): StoredConversation {
  const nowMs = world.clock.nowMs();
  const invented = inventConversation(ref, persona, { nowMs, isAnonymous });

  return {
    ref,
    conversation: { ...invented, state, status: STATUS_OF_STATE[state], inbox_id: inboxId },
    messages: [],
    visitedPages: [],
    events: [],
    originals: new Map(),
    relations: { parent: null, children: [] },
  };
}

function relate(world: World, child: StoredConversation, parentSessionId: string): void {
  const parentRef = toSession(world, { websiteId: child.ref.websiteId, sessionId: parentSessionId });
  touch(world, parentRef).relations.children.push(child.ref.sessionId);
  child.relations.parent = parentRef.sessionId;
}

function emitArrival(world: World, stored: StoredConversation): void {
  const { meta, availability } = stored.conversation;
  const { capabilities, geolocation, system, timezone, locales } = meta.device;
  const emit: EmitHere = (event, fields) => emitSessionEvent(world, stored, event, fields);

  emit('session:request:initiated', {});
  emit('session:update_availability', { availability });
  emit('session:set_nickname', { nickname: meta.nickname });
  if (meta.email !== '') emit('session:set_email', { email: meta.email });
  const isList = world.switches.capabilitiesShape === 'list';
  emit('session:sync:capabilities', { capabilities: isList ? capabilities : { capabilities } });
  emit('session:sync:geolocation', { geolocation });
  emit('session:sync:system', { system });
  emit('session:sync:network', { network: { ip: meta.ip, connection: meta.connection } });
  emit('session:sync:timezone', { timezone: { offset: timezone } });
  emit('session:sync:locales', { locales: { locales } });
}

type EmitHere = <Name extends SessionEventName>(event: Name, fields: SessionEvents[Name]) => void;
