import type { Clock } from '../../clock.ts';
import type { SessionRef, WebsiteId } from '../../ids.ts';
import type { CrispEvent, SessionEvents, WebsiteEvents } from './events.ts';
import type { Random } from './random.ts';
import type { Store, StoredConversation } from './store.ts';
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
  const stored = world.store.conversation(session);
  stored.conversation.updated_at = world.clock.nowMs();
  world.store.website(session.websiteId).revision += 1;
  return stored;
}

/** Publishes an event of a conversation, stamped now. */
export function emitSessionEvent<Name extends keyof SessionEvents>(
  world: World,
  { ref, conversation }: StoredConversation,
  event: Name,
  fields: SessionEvents[Name],
): void {
  const ids = { website_id: ref.websiteId, session_id: ref.sessionId, inbox_id: conversation.inbox_id };
  emitRawEvent(world, ref.websiteId, event, { ...ids, ...fields });
}

/** Publishes an event of a website, stamped now. */
export function emitWebsiteEvent<Name extends keyof WebsiteEvents>(
  world: World,
  websiteId: WebsiteId,
  event: Name,
  fields: WebsiteEvents[Name],
): void {
  emitRawEvent(world, websiteId, event, { website_id: websiteId, ...fields });
}

/** Publishes any event at all: for names and shapes that no action causes. */
export function emitRawEvent(
  world: World,
  websiteId: WebsiteId,
  event: string,
  data: CrispEvent['data'],
): void {
  world.publish({ website_id: websiteId, event, data, timestamp: world.clock.nowMs() });
}
