import type { Clock } from '../../clock.ts';
import type { SessionRef, WebsiteId } from '../../ids.ts';
import type { CrispEvent, SessionEvents, WebsiteEvents } from './events.ts';
import { inventContent } from './invent.ts';
import {
  type ConversationState,
  type CrispMessage,
  type MessageContent,
  type MessageEventFields,
  type MessageFrom,
  type MessageType,
  type MessageUser,
  STATUS_OF_STATE,
} from './model.ts';
import type { Random } from './random.ts';
import {
  findConversation,
  findWebsite,
  indexAtOrAfter,
  SimulatorError,
  type Store,
  type StoredConversation,
} from './store.ts';
import type { Switches } from './switches.ts';

/** What actions work with. */
export interface World {
  readonly clock: Clock;
  readonly switches: Switches;
  readonly store: Store;
  /** Meant where an action names no website. */
  readonly websiteId: WebsiteId;
  /** Draws ids. Contents have a stream of their own, so that texts never shift ids. */
  readonly ids: Random;
  readonly invention: Random;
  /** Delivers an event to the hooks. */
  publish(event: CrispEvent): void;
  /** Keeps a conversation that changed without an event. */
  keep(session: SessionRef): void;
}

/** Finds a conversation that is about to change, and notes that it was updated now. */
export function touch(world: World, session: SessionRef): StoredConversation {
  const stored = findConversation(world.store, session);
  stored.conversation.updated_at = world.clock.nowMs();
  return stored;
}

/** Publishes an event of a conversation, stamped now. */
export function emitSessionEvent<Name extends keyof SessionEvents>(
  world: World,
  { ref, conversation }: StoredConversation,
  event: Name,
  fields: SessionEvents[Name],
): void {
  emit(world, ref.websiteId, event, {
    ...{ session_id: ref.sessionId, inbox_id: conversation.inbox_id },
    ...fields,
  });
}

/** Publishes an event of a website, stamped now. */
export function emitWebsiteEvent<Name extends keyof WebsiteEvents>(
  world: World,
  websiteId: WebsiteId,
  event: Name,
  fields: WebsiteEvents[Name],
): void {
  emit(world, websiteId, event, { ...fields });
}

/** Publishes any event at all, without a change of state: for names and shapes that no action causes. */
export function emit(world: World, websiteId: WebsiteId, event: string, fields: CrispEvent['data']): void {
  const data = { website_id: websiteId, ...fields };
  world.publish({ website_id: websiteId, event, data, timestamp: world.clock.nowMs() });
}

interface SendMessageInput {
  /** Default: the visitor, but for notes and events, which only operators write. */
  readonly from?: MessageFrom;
  readonly type?: MessageType;
  /** Drawn from the seed where it is absent. */
  readonly content?: MessageContent;
  /** Epoch milliseconds; default now. */
  readonly timestamp?: number;
  /** Fields that the message has beyond the usual, or instead of them: an unknown type, for instance. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/**
 * The visitor or an operator writes. The event is `message:send` for the visitor and `message:received` for operators; a
 * visitor's message on a resolved conversation reopens it.
 */
export function sendMessage(world: World, session: SessionRef, input: SendMessageInput = {}): CrispMessage {
  const stored = touch(world, session);
  const message = createMessage(world, stored, input);
  // Behind all that are not younger: equal timestamps keep the order of arrival.
  stored.messages.splice(indexAtOrAfter(stored.messages, message.timestamp + 1), 0, message);
  noteMessage(stored, message);
  const isVisitors = message.from === 'user';
  emitSessionEvent(world, stored, isVisitors ? 'message:send' : 'message:received', toEventFields(message));
  if (isVisitors && stored.conversation.state === 'resolved') setState(world, session, 'unresolved');
  return message;
}

function createMessage(world: World, stored: StoredConversation, input: SendMessageInput): CrispMessage {
  const { type = 'text' } = input;
  const { ids, clock, invention } = world;
  const from = input.from ?? (type === 'note' || type === 'event' ? 'operator' : 'user');
  const message: CrispMessage = {
    session_id: stored.ref.sessionId,
    website_id: stored.ref.websiteId,
    type,
    from,
    origin: 'chat',
    content: input.content ?? inventContent(type, from, invention),
    read: '',
    delivered: '',
    stamped: true,
    // Fifteen digits, as in Crisp's documents: below 2^53. Two draws, because one has only 32 bits of chance.
    fingerprint: ids.integer(1e7, 1e8 - 1) * 1e7 + ids.integer(0, 1e7 - 1),
    timestamp: input.timestamp ?? clock.nowMs(),
    user: toUser(world, stored, from),
  };
  return Object.assign(message, input.extra);
}

function toUser({ store }: World, { ref, conversation }: StoredConversation, from: MessageFrom): MessageUser {
  if (from === 'user') return { type: 'user', user_id: ref.sessionId, nickname: conversation.meta.nickname };
  const [operator] = findWebsite(store, ref.websiteId).operators;
  if (operator === undefined) return { type: 'website' };
  return { type: 'operator', user_id: operator.userId, nickname: operator.nickname };
}

function toEventFields(message: CrispMessage): MessageEventFields {
  const { type, from, origin, content, fingerprint, timestamp, stamped, user } = message;
  return { type, from, origin, content, fingerprint, timestamp, stamped, user };
}

/** What a new message changes in its conversation: preview, unread counts, waiting time. */
function noteMessage(stored: StoredConversation, message: CrispMessage): void {
  const { conversation } = stored;
  if (isPreviewed(message)) showPreview(stored);
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

/** Shows an excerpt of the newest message that a visitor sees. */
function showPreview({ conversation, messages }: StoredConversation): void {
  const message = messages.findLast(isPreviewed);
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
  const message = findMessage(stored, fingerprint);
  message.content = content;
  if (message.type === 'text' || message.type === 'note') message.edited = true;
  showPreview(stored);
  emitSessionEvent(world, stored, 'message:updated', { fingerprint, content });
  return message;
}

/** A message is deleted: REST no longer returns it. */
export function removeMessage(world: World, session: SessionRef, fingerprint: number): void {
  const stored = touch(world, session);
  stored.messages.splice(stored.messages.indexOf(findMessage(stored, fingerprint)), 1);
  showPreview(stored);
  emitSessionEvent(world, stored, 'message:removed', { fingerprint });
}

function findMessage({ messages }: StoredConversation, fingerprint: number): CrispMessage {
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
  findWebsite(world.store, session.websiteId).conversations.delete(session.sessionId);
  emitSessionEvent(world, stored, 'session:removed', {});
}
