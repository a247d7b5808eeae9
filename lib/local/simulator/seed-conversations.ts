import type { SessionRef, WebsiteId } from '../../core/ids.ts';
import { sendMessage } from './actions/send-message.ts';
import { startConversation } from './actions/start-conversation.ts';
import { SHOP_TALK } from './invention/shop-talk.ts';
import { MESSAGE_TYPES } from './model/message.ts';
import type { StoredConversation } from './store/create-store.ts';
import { toQuietWorld, type World } from './world.ts';

export interface SeedInput {
  readonly websiteId: WebsiteId;
  readonly conversations: number;
  /** Messages of each conversation. */
  readonly messages: number;
  /** Whether messages go through all nine types, or are texts alone. Default all. */
  readonly types?: 'all' | 'text';
  /** Counted from the newest message: after every so many, two neighbours share one timestamp. Default: none do. */
  readonly equalTimestampsEvery?: number;
  /** Every so manieth visitor gave no address and has no profile. Default 10; 0 for none. */
  readonly anonymousEvery?: number;
  /** Age of the newest message; default 60,000 ms. Older ones lie a second apart. */
  readonly newestAgeMs?: number;
}

const SPACING_MS = 1000;

/** Fills a website with conversations that were there before: no hook tells of them. */
export function seedConversations(world: World, input: SeedInput): SessionRef[] {
  const quiet = toQuietWorld(world);
  return Array.from({ length: input.conversations }, (_, index) => seedOne(quiet, input, index));
}

function seedOne(world: World, input: SeedInput, index: number): SessionRef {
  const { anonymousEvery = 10, websiteId } = input;
  const isAnonymous = anonymousEvery > 0 && index % anonymousEvery === anonymousEvery - 1;
  const stored = startConversation(world, { websiteId, isAnonymous, state: 'unresolved' });
  const timestamps = toTimestamps(world.clock.nowMs(), input);

  for (const [position, timestamp] of timestamps.entries()) {
    const type = input.types === 'text' ? 'text' : MESSAGE_TYPES[position % MESSAGE_TYPES.length];
    const isReply = position % 2 === 1;
    // Notes and events are written by operators whatever their place is.
    const from = type === 'note' || type === 'event' || isReply ? 'operator' : 'user';
    sendMessage(world, stored.ref, { type: type ?? 'text', from, timestamp });
  }
  decorate(world, stored, timestamps);
  return stored.ref;
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

function decorate(world: World, stored: StoredConversation, timestamps: readonly number[]): void {
  const { conversation, visitedPages, events } = stored;
  const firstMs = timestamps[0] ?? world.clock.nowMs();

  conversation.created_at = firstMs - SPACING_MS;
  conversation.updated_at = timestamps.at(-1) ?? firstMs;
  conversation.topic = world.invention.pick(SHOP_TALK.topics);
  conversation.meta.segments = [world.invention.pick(SHOP_TALK.segments)];
  conversation.meta.data = { plan: 'pro', orders: world.invention.integer(0, 20) };
  for (const page of SHOP_TALK.pages.slice(0, world.invention.integer(1, 4))) {
    visitedPages.push({ ...page, timestamp: conversation.created_at });
  }
  events.push({
    text: 'basket-filled',
    data: { items: 2 },
    color: 'green',
    timestamp: conversation.created_at,
  });
}
