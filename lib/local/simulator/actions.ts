import { parseSessionId, type SessionRef, type WebsiteId } from '../../ids.ts';
import type { SessionEvents } from './events.ts';
import { inventContent, inventConversation, inventPersona, inventProfile, type Persona } from './invent.ts';
import {
  type ConversationState,
  type CrispMessage,
  type MessageContent,
  type MessageEventFields,
  type MessageFrom,
  type MessageType,
  type MessageUser,
  type OriginalMessage,
  STATUS_OF_STATE,
} from './model.ts';
import { SimulatorError } from './simulator-error.ts';
import { addProfile, findProfile, insertByTimestamp, type StoredConversation } from './store.ts';
import { emitSessionEvent, emitWebsiteEvent, touch, type World } from './world.ts';

export interface StartConversationInput {
  /** Default: the first website. */
  readonly websiteId?: WebsiteId;
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
 * A visitor opens the chat box: the conversation exists, and events say what the browser told Crisp. A visitor with an
 * address is bound to its profile, a new one where no profile has that address.
 */
export function startConversation(world: World, input: StartConversationInput): SessionRef {
  const { websiteId = world.websiteId, isAnonymous = false, state = 'pending', inboxId = null } = input;
  const website = world.store.website(websiteId);
  const ref = toSession(websiteId, input.sessionId ?? `session_${world.ids.uuid()}`);
  if (website.conversations.has(ref.sessionId)) throw new SimulatorError('session_exists', ref.sessionId);

  const invented = inventPersona(world.invention);
  const { nickname = invented.nickname, email = invented.email } = input;
  const persona = { ...invented, nickname, email };
  const conversation = inventConversation(ref, persona, { nowMs: world.clock.nowMs(), isAnonymous });
  const stored: StoredConversation = {
    ref,
    conversation: { ...conversation, state, status: STATUS_OF_STATE[state], inbox_id: inboxId },
    messages: [],
    visitedPages: [],
    events: [],
    originals: new Map(),
    relations: { parent: null, children: [] },
  };
  website.conversations.set(ref.sessionId, stored);
  website.revision += 1;
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
  const isList = world.switches.capabilitiesShape === 'list';
  const emit = <Name extends keyof SessionEvents>(event: Name, fields: SessionEvents[Name]) =>
    emitSessionEvent(world, stored, event, fields);

  emit('session:request:initiated', {});
  emit('session:update_availability', { availability });
  emit('session:set_nickname', { nickname: meta.nickname });
  if (meta.email !== '') emit('session:set_email', { email: meta.email });
  emit('session:sync:capabilities', { capabilities: isList ? capabilities : { capabilities } });
  emit('session:sync:geolocation', { geolocation });
  emit('session:sync:system', { system });
  emit('session:sync:network', { network: { ip: meta.ip, connection: meta.connection } });
  emit('session:sync:timezone', { timezone: { offset: timezone } });
  emit('session:sync:locales', { locales: { locales } });
}

function bindProfile(world: World, { ref }: StoredConversation, persona: Persona): void {
  const stored = touch(world, ref);
  const website = world.store.website(ref.websiteId);
  let found = findProfile(website, persona.email);
  if (found === undefined) {
    const profile = inventProfile(world.ids.uuid(), persona, world.clock.nowMs(), world.invention);
    const { people_id, email } = profile;
    found = { profile, data: {}, isSubscribedToEmail: true };
    addProfile(website, found);
    emitWebsiteEvent(world, ref.websiteId, 'people:profile:created', { people_id, email });
  }
  const { people_id } = found.profile;
  stored.conversation.people_id = people_id;
  emitSessionEvent(world, stored, 'people:bind:session', { people_id });
}

type Source = Pick<OriginalMessage, 'type' | 'headers' | 'content'>;

interface SendMessageInput {
  /** Default: the visitor, but for notes and events, which only operators write. */
  readonly from?: MessageFrom;
  readonly type?: MessageType;
  /** Drawn from the seed where it is absent. */
  readonly content?: MessageContent;
  /** Epoch milliseconds; default now. */
  readonly timestamp?: number;
  readonly fingerprint?: number;
  readonly origin?: string;
  readonly user?: MessageUser;
  readonly isAutomated?: boolean;
  readonly mentions?: readonly string[];
  /** The raw source of a message that came by e-mail: `…/original/{original_id}` returns it. */
  readonly source?: Source;
  /** Fields that the message has in REST beyond the usual, or instead of them: an unknown type, for instance. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/**
 * The visitor or an operator writes. The event is `message:send` for the visitor and `message:received` for operators; a
 * visitor's message on a resolved conversation reopens it.
 */
export function sendMessage(world: World, session: SessionRef, input: SendMessageInput = {}): CrispMessage {
  const stored = touch(world, session);
  const message = createMessage(world, stored, input);
  insertByTimestamp(stored.messages, message);
  noteMessage(stored, message);
  const isVisitors = message.from === 'user';
  emitSessionEvent(world, stored, isVisitors ? 'message:send' : 'message:received', toEventFields(message));
  if (isVisitors && stored.conversation.state === 'resolved') setState(world, session, 'unresolved');
  return message;
}

function createMessage(world: World, stored: StoredConversation, input: SendMessageInput): CrispMessage {
  const { type = 'text', origin = 'chat', mentions, source } = input;
  const { ids, clock, invention } = world;
  const from = input.from ?? (type === 'note' || type === 'event' ? 'operator' : 'user');
  const message: CrispMessage = {
    session_id: stored.ref.sessionId,
    website_id: stored.ref.websiteId,
    type,
    from,
    origin,
    content: input.content ?? inventContent(type, from, invention),
    read: '',
    delivered: '',
    stamped: true,
    // Fifteen digits, as in Crisp's documents: below 2^53. Two draws, because one has only 32 bits of chance.
    fingerprint: input.fingerprint ?? ids.integer(1e7, 1e8 - 1) * 1e7 + ids.integer(0, 1e7 - 1),
    timestamp: input.timestamp ?? clock.nowMs(),
    user: input.user ?? toUser(world, stored, from),
  };
  if (input.isAutomated === true) message.automated = true;
  if (source !== undefined) {
    const original_id = ids.uuid();
    const { session_id, website_id, timestamp } = message;
    stored.originals.set(original_id, { website_id, session_id, original_id, ...source, timestamp });
    message.original = { original_id };
  }
  if (mentions !== undefined) message.mentions = [...mentions];
  return Object.assign(message, input.extra);
}

function toUser(world: World, { ref, conversation }: StoredConversation, from: MessageFrom): MessageUser {
  if (from === 'user') return { type: 'user', user_id: ref.sessionId, nickname: conversation.meta.nickname };
  const [operator] = world.store.website(ref.websiteId).operators;
  if (operator === undefined) return { type: 'website' };
  return { type: 'operator', user_id: operator.details.user_id, nickname: operator.details.first_name };
}

function toEventFields(message: CrispMessage): MessageEventFields {
  const { type, from, origin, content, fingerprint, timestamp, stamped, user, mentions, automated } = message;
  return {
    ...{ type, from, origin, content, fingerprint, timestamp, stamped, user },
    ...(mentions === undefined ? {} : { mentions }),
    ...(automated === undefined ? {} : { automated }),
  };
}

/** What a new message changes in its conversation: preview, unread counts, waiting time. */
function noteMessage(stored: StoredConversation, message: CrispMessage): void {
  const { conversation } = stored;
  if (isPreviewed(message)) showPreview(stored, message);
  if (message.from === 'user') {
    conversation.unread.operator += 1;
    conversation.waiting_since ??= message.timestamp;
    conversation.active = { now: true, last: message.timestamp };
  } else if (isPreviewed(message)) {
    conversation.unread.visitor += 1;
    delete conversation.waiting_since;
  }
}

// Visitors do not see notes and events.
function isPreviewed({ type }: CrispMessage): boolean {
  return type !== 'note' && type !== 'event';
}

const EXCERPT_LENGTH = 80;

function showPreview({ conversation }: StoredConversation, message: CrispMessage | undefined): void {
  if (message === undefined) {
    Object.assign(conversation, { last_message: '', preview_message: null });
    return;
  }
  const { type, from, fingerprint } = message;
  const excerpt = toExcerpt(message);
  Object.assign(conversation, {
    last_message: excerpt,
    preview_message: { type, from, excerpt, fingerprint },
  });
}

function toExcerpt({ content, type }: CrispMessage): string {
  // By code points: half an emoji would be a lone surrogate.
  if (typeof content === 'string') return Array.from(content).slice(0, EXCERPT_LENGTH).join('');
  return 'text' in content && typeof content.text === 'string' ? content.text : `(${type})`;
}

/** A text is edited, a choice of a picker taken, a field filled in: the message keeps its place and fingerprint. */
export function editMessage(
  world: World,
  session: SessionRef,
  fingerprint: number,
  content: MessageContent,
): CrispMessage {
  const stored = touch(world, session);
  const message = messageOf(stored, fingerprint);
  message.content = content;
  if (message.type === 'text' || message.type === 'note') message.edited = true;
  showPreview(stored, stored.messages.findLast(isPreviewed));
  emitSessionEvent(world, stored, 'message:updated', { fingerprint, content });
  return message;
}

/** A message is deleted: REST no longer returns it. */
export function removeMessage(world: World, session: SessionRef, fingerprint: number): void {
  const stored = touch(world, session);
  stored.messages.splice(stored.messages.indexOf(messageOf(stored, fingerprint)), 1);
  showPreview(stored, stored.messages.findLast(isPreviewed));
  emitSessionEvent(world, stored, 'message:removed', { fingerprint });
}

function messageOf({ messages }: StoredConversation, fingerprint: number): CrispMessage {
  const found = messages.find((message) => message.fingerprint === fingerprint);
  if (found === undefined) throw new SimulatorError('unknown_message', String(fingerprint));
  return found;
}

/** Someone resolves, reopens or parks a conversation. */
export function setState(world: World, session: SessionRef, state: ConversationState): void {
  const stored = touch(world, session);
  stored.conversation.state = state;
  stored.conversation.status = STATUS_OF_STATE[state];
  if (state === 'resolved') delete stored.conversation.waiting_since;
  emitSessionEvent(world, stored, 'session:set_state', { state });
  if (world.switches.resolveMessage === 'event') {
    sendMessage(world, session, { type: 'event', content: { namespace: `state:${state}` } });
  }
}

/** An operator deletes a conversation: REST answers that it is missing from now on. */
export function removeConversation(world: World, session: SessionRef): void {
  const stored = touch(world, session);
  world.store.website(session.websiteId).conversations.delete(session.sessionId);
  emitSessionEvent(world, stored, 'session:removed', {});
}
