import type { SessionRef } from '../../../core/ids.ts';
import type { StoredConversation } from '../store/create-store.ts';
import type { World } from '../world.ts';

/** Finds a conversation that is about to change, and notes that it was updated now. */
export function touch(world: World, session: SessionRef): StoredConversation {
  const stored = world.store.conversation(session);
  stored.conversation.updated_at = world.clock.nowMs();
  world.store.website(session.websiteId).revision += 1;
  return stored;
}
