import type { SessionRef } from '../../../core/ids.ts';
import { type ConversationState, STATUS_OF_STATE } from '../model/conversation.ts';
import type { World } from '../world.ts';
import { emitSessionEvent } from './emit.ts';
import { sendMessage } from './send-message.ts';
import { touch } from './touch.ts';

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
