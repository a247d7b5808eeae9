import type { SessionRef, WebsiteId } from '../../ids.ts';
import { emitSessionEvent, emitWebsiteEvent, sendMessage, touch, type World } from './actions.ts';
import { startConversation } from './arrival.ts';
import type { SessionEvents } from './events.ts';
import { SHOP_TALK } from './invent.ts';
import {
  type ConversationMeta,
  type CrispConversation,
  type CrispMessage,
  type CrispProfile,
  type CustomData,
  MESSAGE_TYPES,
  type MessageFrom,
} from './model.ts';
import { findConversation, findWebsite, SimulatorError, type StoredConversation } from './store.ts';

type MetaText = 'email' | 'phone' | 'address' | 'subject' | 'avatar' | 'nickname' | 'origin';
type MetaFields = Record<MetaText, string> & Pick<ConversationMeta, 'segments' | 'data'>;
type Fields = Pick<
  CrispConversation,
  'inbox_id' | 'participants' | 'mentions' | 'is_blocked' | 'is_verified' | 'topic' | 'availability'
>;

/** What an operator or the visitor changes about a conversation beside messages and state, in the spelling of the wire. */
interface Changes extends Fields, MetaFields {
  /** The operator it is routed to. */
  routing_id: string | null;
  rating: { stars: number; comment?: string };
  page: { page_title: string; page_url: string };
  event: { text: string; color?: string; data?: CustomData };
  compose: { from: MessageFrom; type: 'start' | 'stop'; excerpt?: string };
}

export type ConversationChange = Partial<Changes>;

/** Applies a change; each field that is given causes its own event. */
export function changeConversation(world: World, session: SessionRef, change: ConversationChange): void {
  const stored = touch(world, session);
  const tools: Tools = {
    nowMs: world.clock.nowMs(),
    emit: (event, fields) => emitSessionEvent(world, stored, event, fields),
  };
  const apply = <Field extends keyof Changes>(field: Field) => {
    const value: Changes[Field] | undefined = change[field];
    if (value !== undefined) APPLIERS[field](stored, value, tools);
  };
  // Object.keys forgets what the type says.
  for (const field of Object.keys(change) as (keyof Changes)[]) apply(field);
}

interface Tools {
  readonly nowMs: number;
  emit<Name extends keyof SessionEvents>(event: Name, fields: SessionEvents[Name]): void;
}

type Applier<Value> = (stored: StoredConversation, value: Value, tools: Tools) => void;

function metaText<Field extends MetaText>(field: Field): Applier<string> {
  return ({ conversation: { meta } }, value, { emit }) => {
    meta[field] = value;
    // The compiler does not see that the event of a field carries the field.
    emit(`session:set_${field}`, { [field]: value } as never);
  };
}

const APPLIERS: { readonly [Field in keyof Changes]: Applier<Changes[Field]> } = {
  email: metaText('email'),
  phone: metaText('phone'),
  address: metaText('address'),
  subject: metaText('subject'),
  avatar: metaText('avatar'),
  nickname: metaText('nickname'),
  origin: metaText('origin'),
  segments({ conversation: { meta } }, segments, { emit }) {
    meta.segments = segments;
    emit('session:set_segments', { segments });
  },
  data({ conversation: { meta } }, data, { emit }) {
    meta.data = data;
    emit('session:set_data', { data });
  },
  routing_id({ conversation }, routing_id, { emit }) {
    const previous_routing_id = conversation.assigned?.user_id ?? null;
    conversation.assigned = routing_id === null ? null : { user_id: routing_id };
    emit('session:set_routing', { routing_id, previous_routing_id });
  },
  inbox_id({ conversation }, inbox_id, { emit }) {
    const previous_inbox_id = conversation.inbox_id;
    conversation.inbox_id = inbox_id;
    emit('session:set_inbox', { previous_inbox_id });
  },
  participants({ conversation }, participants, { emit }) {
    conversation.participants = participants;
    emit('session:set_participants', { participants });
  },
  mentions({ conversation }, mentions, { emit }) {
    conversation.mentions = mentions;
    emit('session:set_mentions', { mentions });
  },
  is_blocked({ conversation }, is_blocked, { emit }) {
    conversation.is_blocked = is_blocked;
    emit('session:set_block', { is_blocked });
  },
  is_verified({ conversation }, is_verified, { emit }) {
    conversation.is_verified = is_verified;
    emit('session:update_verify', { is_verified, verifications: conversation.verifications });
  },
  topic({ conversation }, topic, { emit }) {
    conversation.topic = topic;
    emit('session:sync:topic', { topic });
  },
  availability({ conversation }, availability, { emit, nowMs }) {
    conversation.availability = availability;
    conversation.active = { now: availability === 'online', last: nowMs };
    emit('session:update_availability', { availability });
  },
  // A rating is an event alone: the conversation object has no field for it.
  rating: (_stored, rating, { emit }) => emit('session:sync:rating', { rating }),
  page({ visitedPages }, page, { emit, nowMs }) {
    visitedPages.push({ ...page, timestamp: nowMs });
    emit('session:sync:pages', { pages: visitedPages.slice(-1) });
  },
  event({ events }, { text, color = 'blue', data = {} }, { emit, nowMs }) {
    events.push({ text, data, color, timestamp: nowMs });
    emit('session:sync:events', { events: events.slice(-1) });
  },
  compose({ conversation }, { from, ...atom }, { emit, nowMs }) {
    const composing = { ...atom, timestamp: nowMs };
    conversation.compose[from === 'user' ? 'visitor' : 'operator'] = composing;
    if (from === 'user') emit('message:compose:send', composing);
    else emit('message:compose:receive', { ...composing, user: { type: 'operator' } });
  },
};

interface AcknowledgeInput {
  readonly kind: 'read' | 'unread' | 'delivered';
  /** Whose messages are meant; default the visitor's. */
  readonly from?: MessageFrom;
}

/** All messages of one side are read, marked unread, or delivered. */
export function acknowledge(
  world: World,
  session: SessionRef,
  { kind, from = 'user' }: AcknowledgeInput,
): void {
  const stored = touch(world, session);
  const { unread } = stored.conversation;
  const meant = stored.messages.filter((message) => message.from === from);
  for (const message of meant) mark(message, kind);
  if (kind === 'read') unread[from === 'user' ? 'operator' : 'visitor'] = 0;
  if (kind === 'unread') unread.operator = meant.length;
  const fingerprints = meant.map(({ fingerprint }) => fingerprint);
  emitSessionEvent(world, stored, toAcknowledgeEvent(kind, from), { origin: 'chat', fingerprints });
}

function mark(message: CrispMessage, kind: AcknowledgeInput['kind']): void {
  if (kind === 'delivered') message.delivered = 'chat';
  else message.read = kind === 'read' ? 'chat' : '';
}

// “send” and “received” say who wrote the messages: the visitor, or an operator.
function toAcknowledgeEvent(kind: AcknowledgeInput['kind'], from: MessageFrom) {
  if (kind === 'delivered') return 'message:acknowledge:delivered';
  if (kind === 'unread' || from === 'user') return `message:acknowledge:${kind}:send` as const;
  return 'message:acknowledge:read:received';
}

interface ProfileRef {
  readonly websiteId: WebsiteId;
  readonly peopleId: string;
}

interface ProfileChange {
  readonly person?: Partial<CrispProfile['person']>;
  readonly segments?: readonly string[];
  readonly notepad?: string;
}

/** Someone edits a person in the CRM. */
export function changeProfile(world: World, ref: ProfileRef, change: ProfileChange): CrispProfile {
  const profile = findPerson(world, ref);
  profile.updated_at = world.clock.nowMs();
  profile.person = { ...profile.person, ...change.person };
  if (change.segments !== undefined) profile.segments = [...change.segments];
  if (change.notepad !== undefined) profile.notepad = change.notepad;
  emitWebsiteEvent(world, ref.websiteId, 'people:profile:updated', {
    people_id: ref.peopleId,
    email: profile.email,
    update: { updated_at: profile.updated_at, person: { ...profile.person } },
  });
  return profile;
}

/** Someone deletes a person from the CRM. Their conversations stay, bound to an id that no profile has any more. */
export function removeProfile(world: World, ref: ProfileRef): void {
  const { email } = findPerson(world, ref);
  const { profiles, peopleIdByEmail } = findWebsite(world.store, ref.websiteId);
  profiles.delete(ref.peopleId);
  peopleIdByEmail.delete(email.toLowerCase());
  emitWebsiteEvent(world, ref.websiteId, 'people:profile:removed', { people_id: ref.peopleId });
}

function findPerson({ store }: World, { websiteId, peopleId }: ProfileRef): CrispProfile {
  const found = findWebsite(store, websiteId).profiles.get(peopleId);
  if (found === undefined) throw new SimulatorError('unknown_profile', peopleId);
  return found;
}

interface SeedInput {
  /** Default: the first website. */
  readonly websiteId?: WebsiteId;
  readonly conversations: number;
  /** Messages of each conversation. */
  readonly messages: number;
  /** Whether messages go through all nine types, or are texts alone. Default all. */
  readonly types?: 'all' | 'text';
  /** Counted from the newest message: after every so many, two neighbours share one timestamp. Default: none do. */
  readonly equalTimestampsEvery?: number;
  /** One of so many visitors gave no address and has no profile. Default 10; 0 for none. */
  readonly anonymousEvery?: number;
  /** Age of the newest message; default 60,000 ms. Older ones lie a second apart. */
  readonly newestAgeMs?: number;
}

const SPACING_MS = 1000;

/** Fills a website with conversations that were there before: no hook tells of them. */
export function seedConversations(world: World, input: SeedInput): SessionRef[] {
  const quiet = { ...world, publish: () => undefined };
  const seeded = Array.from({ length: input.conversations }, (_, index) => seedOne(quiet, input, index));
  for (const session of seeded) world.keep(session);
  return seeded;
}

function seedOne(world: World, input: SeedInput, index: number): SessionRef {
  const { anonymousEvery = 10, websiteId = world.websiteId } = input;
  const isAnonymous = anonymousEvery > 0 && index % anonymousEvery === anonymousEvery - 1;
  const session = startConversation(world, { websiteId, isAnonymous, state: 'unresolved' });
  const timestamps = toTimestamps(world.clock.nowMs(), input);
  for (const [position, timestamp] of timestamps.entries()) {
    const type = input.types === 'text' ? 'text' : (MESSAGE_TYPES[position % MESSAGE_TYPES.length] ?? 'text');
    // Notes and events are written by operators whatever their place is.
    const from = type === 'note' || type === 'event' || position % 2 === 1 ? 'operator' : 'user';
    sendMessage(world, session, { type, from, timestamp });
  }

  const { conversation, visitedPages, events } = findConversation(world.store, session);
  const firstMs = timestamps[0] ?? world.clock.nowMs();
  const createdMs = firstMs - SPACING_MS;
  conversation.created_at = createdMs;
  conversation.updated_at = timestamps.at(-1) ?? firstMs;
  conversation.topic = world.invention.pick(SHOP_TALK.topics);
  conversation.meta.segments = [world.invention.pick(SHOP_TALK.segments)];
  conversation.meta.data = { plan: 'pro', orders: world.invention.integer(0, 20) };
  const pages = SHOP_TALK.pages.slice(0, world.invention.integer(1, 4));
  visitedPages.push(...pages.map((page) => ({ ...page, timestamp: createdMs })));
  events.push({ text: 'basket-filled', data: { items: 2 }, color: 'green', timestamp: createdMs });
  return session;
}

function toTimestamps(nowMs: number, input: SeedInput): number[] {
  const { messages, equalTimestampsEvery = 0, newestAgeMs = 60_000 } = input;
  let timestamp = nowMs - newestAgeMs;
  const newestFirst = Array.from({ length: messages }, (_, age) => {
    const sharesNewer = equalTimestampsEvery > 0 && age > 0 && age % equalTimestampsEvery === 0;
    if (age > 0 && !sharesNewer) timestamp -= SPACING_MS;
    return timestamp;
  });
  return newestFirst.reverse();
}
