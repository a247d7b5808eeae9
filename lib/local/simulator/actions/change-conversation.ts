import type { SessionRef } from '../../../core/ids.ts';
import type { CustomData, Participant, Verification } from '../model/conversation.ts';
import type { EventOperator, SessionEventName, SessionEvents } from '../model/event.ts';
import type { StoredConversation } from '../store/create-store.ts';
import type { World } from '../world.ts';
import { emitSessionEvent } from './emit.ts';
import { touch } from './touch.ts';

/** What an operator or the visitor changes about a conversation beside messages, state and meta. */
export interface ConversationChanges {
  routing: { userId: string | null };
  inbox: { inboxId: string | null };
  participants: { participants: Participant[] };
  mentions: { mentions: string[] };
  block: { isBlocked: boolean };
  verify: { isVerified: boolean; verifications?: Verification[] };
  topic: { topic: string };
  rating: { stars: number; comment?: string };
  availability: { availability: 'online' | 'offline' };
  opened: { operator: EventOperator };
  closed: { operator: EventOperator };
  page: { title: string; url: string };
  event: { text: string; color?: string; data?: CustomData };
  compose: { from: 'user' | 'operator'; type: 'start' | 'stop'; excerpt?: string };
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
  emit<Name extends SessionEventName>(event: Name, fields: SessionEvents[Name]): void;
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
  rating(_stored, rating, { emit }) {
    emit('session:sync:rating', { rating });
  },
  availability({ conversation }, { availability }, { emit, nowMs }) {
    conversation.availability = availability;
    conversation.active = { now: availability === 'online', last: nowMs };
    emit('session:update_availability', { availability });
  },
  opened(_stored, { operator }, { emit }) {
    emit('session:set_opened', { operator });
  },
  closed(_stored, { operator }, { emit }) {
    emit('session:set_closed', { operator });
  },
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
