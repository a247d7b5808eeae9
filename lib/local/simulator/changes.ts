import type { SessionRef, WebsiteId } from '../../ids.ts';
import { sendMessage, startConversation } from './actions.ts';
import type { EventOperator, SessionEvents } from './events.ts';
import { SHOP_TALK } from './invent.ts';
import {
  type CrispConversation,
  type CrispMessage,
  type CrispProfile,
  type CustomData,
  MESSAGE_TYPES,
  type MessageFrom,
} from './model.ts';
import { SimulatorError } from './simulator-error.ts';
import type { StoredConversation, StoredProfile } from './store.ts';
import { emitRawEvent, emitSessionEvent, emitWebsiteEvent, touch, type World } from './world.ts';

/** What an operator or the visitor changes about a conversation beside messages, state and meta. */
export interface ConversationChanges {
  routing: { userId: string | null };
  inbox: { inboxId: string | null };
  participants: Pick<CrispConversation, 'participants'>;
  mentions: { mentions: string[] };
  block: { isBlocked: boolean };
  verify: { isVerified: boolean; verifications?: CrispConversation['verifications'] };
  topic: { topic: string };
  rating: { stars: number; comment?: string };
  availability: { availability: 'online' | 'offline' };
  opened: { operator: EventOperator };
  closed: { operator: EventOperator };
  page: { title: string; url: string };
  event: { text: string; color?: string; data?: CustomData };
  compose: { from: MessageFrom; type: 'start' | 'stop'; excerpt?: string };
}

export type ConversationChangeKind = keyof ConversationChanges;

/** Applies one change and emits its event. */
export function changeConversation<Kind extends ConversationChangeKind>(
  world: World,
  session: SessionRef,
  kind: Kind,
  change: ConversationChanges[Kind],
): void {
  const stored = touch(world, session);
  APPLIERS[kind](stored, change, {
    nowMs: world.clock.nowMs(),
    emit: (event, fields) => emitSessionEvent(world, stored, event, fields),
  });
}

interface Tools {
  readonly nowMs: number;
  emit<Name extends keyof SessionEvents>(event: Name, fields: SessionEvents[Name]): void;
}

type Applier<Kind extends ConversationChangeKind> = (
  stored: StoredConversation,
  change: ConversationChanges[Kind],
  tools: Tools,
) => void;

const APPLIERS: { readonly [Kind in ConversationChangeKind]: Applier<Kind> } = {
  routing({ conversation }, { userId }, { emit }) {
    const previous = conversation.assigned?.user_id ?? null;
    conversation.assigned = userId === null ? null : { user_id: userId };
    emit('session:set_routing', { routing_id: userId, previous_routing_id: previous });
  },
  inbox({ conversation }, { inboxId }, { emit }) {
    const previous = conversation.inbox_id;
    conversation.inbox_id = inboxId;
    emit('session:set_inbox', { previous_inbox_id: previous });
  },
  participants({ conversation }, { participants }, { emit }) {
    conversation.participants = participants;
    emit('session:set_participants', { participants });
  },
  mentions({ conversation }, { mentions }, { emit }) {
    conversation.mentions = mentions;
    emit('session:set_mentions', { mentions });
  },
  block({ conversation }, { isBlocked }, { emit }) {
    conversation.is_blocked = isBlocked;
    emit('session:set_block', { is_blocked: isBlocked });
  },
  verify({ conversation }, { isVerified, verifications = [] }, { emit }) {
    conversation.is_verified = isVerified;
    conversation.verifications = verifications;
    emit('session:update_verify', { is_verified: isVerified, verifications });
  },
  topic({ conversation }, { topic }, { emit }) {
    conversation.topic = topic;
    emit('session:sync:topic', { topic });
  },
  // A rating is an event alone: the conversation object has no field for it.
  rating: (_stored, rating, { emit }) => emit('session:sync:rating', { rating }),
  availability({ conversation }, { availability }, { emit, nowMs }) {
    conversation.availability = availability;
    conversation.active = { now: availability === 'online', last: nowMs };
    emit('session:update_availability', { availability });
  },
  opened: (_stored, { operator }, { emit }) => emit('session:set_opened', { operator }),
  closed: (_stored, { operator }, { emit }) => emit('session:set_closed', { operator }),
  page({ visitedPages }, { title, url }, { emit, nowMs }) {
    visitedPages.push({ page_title: title, page_url: url, timestamp: nowMs });
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

const META_TEXTS = ['email', 'phone', 'address', 'subject', 'avatar', 'nickname', 'origin'] as const;

interface MetaChange extends Partial<Readonly<Record<(typeof META_TEXTS)[number], string>>> {
  readonly segments?: readonly string[];
  readonly data?: CustomData;
}

/** Sets fields of the conversation's meta; each field that is given causes its own event. */
export function setMeta(world: World, session: SessionRef, change: MetaChange): void {
  const stored = touch(world, session);
  const { meta, inbox_id } = stored.conversation;
  const ids = { website_id: session.websiteId, session_id: session.sessionId, inbox_id };

  for (const field of META_TEXTS) {
    const value = change[field];
    if (value === undefined) continue;
    meta[field] = value;
    emitRawEvent(world, session.websiteId, `session:set_${field}`, { ...ids, [field]: value });
  }
  if (change.segments !== undefined) {
    meta.segments = [...change.segments];
    emitSessionEvent(world, stored, 'session:set_segments', { segments: meta.segments });
  }
  if (change.data !== undefined) {
    meta.data = change.data;
    emitSessionEvent(world, stored, 'session:set_data', { data: meta.data });
  }
}

interface AcknowledgeInput {
  readonly kind: 'read' | 'unread' | 'delivered' | 'ignored';
  /** Whose messages are meant; default the visitor's. */
  readonly from?: MessageFrom;
  /** Default: all of theirs. */
  readonly fingerprints?: readonly number[];
  /** The channel that read or received them; default `chat`. */
  readonly origin?: string;
  readonly details?: { readonly type: string; readonly reason: string };
}

/** Messages are read, marked unread, delivered, or could not be delivered. */
export function acknowledge(world: World, session: SessionRef, input: AcknowledgeInput): void {
  const { kind, from = 'user', origin = 'chat', fingerprints, details } = input;
  const stored = touch(world, session);
  const meant = stored.messages.filter(
    (message) => message.from === from && (fingerprints?.includes(message.fingerprint) ?? true),
  );
  for (const message of meant) mark(message, origin, input);
  if (kind === 'read') stored.conversation.unread[from === 'user' ? 'operator' : 'visitor'] = 0;
  if (kind === 'unread') stored.conversation.unread.operator = meant.length;
  emitSessionEvent(world, stored, toAcknowledgeEvent(kind, from), {
    origin,
    fingerprints: meant.map(({ fingerprint }) => fingerprint),
    ...(details === undefined ? {} : { details }),
  });
}

function mark(message: CrispMessage, origin: string, { kind, details }: AcknowledgeInput): void {
  if (kind === 'read') message.read = origin;
  if (kind === 'unread') message.read = '';
  if (kind === 'delivered') message.delivered = origin;
  if (kind === 'ignored') message.ignored = { ...message.ignored, [origin]: { ...details } };
}

// “send” and “received” say who wrote the messages: the visitor, or an operator.
function toAcknowledgeEvent(kind: AcknowledgeInput['kind'], from: MessageFrom) {
  if (kind === 'delivered' || kind === 'ignored') return `message:acknowledge:${kind}` as const;
  if (kind === 'unread' || from === 'user') return `message:acknowledge:${kind}:send` as const;
  return 'message:acknowledge:read:received';
}

interface ProfileRef {
  readonly websiteId: WebsiteId;
  readonly peopleId: string;
}

interface ProfileChange {
  readonly person?: Partial<CrispProfile['person']>;
  readonly company?: CrispProfile['company'];
  readonly segments?: readonly string[];
  readonly notepad?: string;
  readonly data?: CustomData;
}

/** Someone edits a person in the CRM. */
export function changeProfile(world: World, ref: ProfileRef, change: ProfileChange): CrispProfile {
  const stored = profileOf(world, ref);
  const { profile } = stored;
  profile.updated_at = world.clock.nowMs();
  profile.person = { ...profile.person, ...change.person };
  if (change.company !== undefined) profile.company = change.company;
  if (change.segments !== undefined) profile.segments = [...change.segments];
  if (change.notepad !== undefined) profile.notepad = change.notepad;
  if (change.data !== undefined) stored.data = change.data;
  emitWebsiteEvent(world, ref.websiteId, 'people:profile:updated', {
    people_id: ref.peopleId,
    email: profile.email,
    update: { updated_at: profile.updated_at, person: { ...profile.person } },
  });
  return profile;
}

/** Someone deletes a person from the CRM. Their conversations stay, bound to an id that no profile has any more. */
export function removeProfile(world: World, ref: ProfileRef): void {
  const { profile } = profileOf(world, ref);
  const website = world.store.website(ref.websiteId);
  website.profiles.delete(ref.peopleId);
  website.peopleIdByEmail.delete(profile.email.toLowerCase());
  emitWebsiteEvent(world, ref.websiteId, 'people:profile:removed', { people_id: ref.peopleId });
}

function profileOf(world: World, { websiteId, peopleId }: ProfileRef): StoredProfile {
  const found = world.store.website(websiteId).profiles.get(peopleId);
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

  const { conversation, visitedPages, events } = world.store.conversation(session);
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
