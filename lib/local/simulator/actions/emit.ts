import type { SessionRef, WebsiteId } from '../../../core/ids.ts';
import type { SessionEventName, SessionEvents, WebsiteEventName, WebsiteEvents } from '../model/event.ts';
import type { StoredConversation } from '../store/create-store.ts';
import type { World } from '../world.ts';

/** Publishes an event of a conversation, stamped now. */
export function emitSessionEvent<Name extends SessionEventName>(
  world: World,
  { ref, conversation }: StoredConversation,
  event: Name,
  fields: SessionEvents[Name],
): void {
  emitRawEvent(world, ref.websiteId, event, { ...toSessionFields(ref, conversation.inbox_id), ...fields });
}

/** Publishes an event of a website, stamped now. */
export function emitWebsiteEvent<Name extends WebsiteEventName>(
  world: World,
  websiteId: WebsiteId,
  event: Name,
  fields: WebsiteEvents[Name],
): void {
  emitRawEvent(world, websiteId, event, { website_id: websiteId, ...fields });
}

/** Publishes any event at all: for names and shapes that the simulator does not cause by itself. */
export function emitRawEvent(
  world: World,
  websiteId: WebsiteId,
  event: string,
  data: Readonly<Record<string, unknown>>,
): void {
  world.publish({ website_id: websiteId, event, data, timestamp: world.clock.nowMs() });
}

function toSessionFields({ websiteId, sessionId }: SessionRef, inboxId: string | null) {
  return { website_id: websiteId, session_id: sessionId, inbox_id: inboxId };
}
