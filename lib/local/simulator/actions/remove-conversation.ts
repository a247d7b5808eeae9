import type { SessionRef } from '../../../core/ids.ts';
import type { World } from '../world.ts';
import { emitSessionEvent } from './emit.ts';
import { touch } from './touch.ts';

/** An operator deletes a conversation: REST answers that it is missing from now on. */
export function removeConversation(world: World, session: SessionRef): void {
  const stored = touch(world, session);
  world.store.website(session.websiteId).conversations.delete(session.sessionId);
  emitSessionEvent(world, stored, 'session:removed', {});
}
