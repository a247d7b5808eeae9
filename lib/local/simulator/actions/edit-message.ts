import type { SessionRef } from '../../../core/ids.ts';
import type { CrispMessage, MessageContent } from '../model/message.ts';
import { SimulatorError } from '../simulator-error.ts';
import type { StoredConversation } from '../store/create-store.ts';
import type { World } from '../world.ts';
import { emitSessionEvent } from './emit.ts';
import { renewPreview } from './note-message.ts';
import { touch } from './touch.ts';

/** A text is edited, a choice of a picker taken, a field filled in: the message keeps its place and fingerprint. */
export function editMessage(
  world: World,
  session: SessionRef,
  fingerprint: number,
  content: MessageContent,
): CrispMessage {
  const stored = touch(world, session);
  const message = messageOf(stored, fingerprint);

  message.content = content;
  if (message.type === 'text' || message.type === 'note') message.edited = true;
  renewPreview(stored);
  emitSessionEvent(world, stored, 'message:updated', { fingerprint, content });
  return message;
}

/** A message is deleted: REST no longer returns it. */
export function removeMessage(world: World, session: SessionRef, fingerprint: number): void {
  const stored = touch(world, session);
  stored.messages.splice(stored.messages.indexOf(messageOf(stored, fingerprint)), 1);
  renewPreview(stored);
  emitSessionEvent(world, stored, 'message:removed', { fingerprint });
}

function messageOf({ messages }: StoredConversation, fingerprint: number): CrispMessage {
  const found = messages.find((message) => message.fingerprint === fingerprint);
  if (found === undefined) throw new SimulatorError('unknown_message', String(fingerprint));
  return found;
}
