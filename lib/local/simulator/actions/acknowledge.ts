import type { SessionRef } from '../../../core/ids.ts';
import type { CrispMessage, MessageFrom } from '../model/message.ts';
import type { World } from '../world.ts';
import { emitSessionEvent } from './emit.ts';
import { touch } from './touch.ts';

export interface AcknowledgeInput {
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
  const { kind, from = 'user', origin = 'chat', details } = input;
  const stored = touch(world, session);
  const meant = stored.messages.filter((message) => isMeant(message, from, input.fingerprints));

  for (const message of meant) mark(message, origin, input);
  if (kind === 'read') stored.conversation.unread[from === 'user' ? 'operator' : 'visitor'] = 0;
  if (kind === 'unread') stored.conversation.unread.operator = meant.length;
  emitSessionEvent(world, stored, toEventName(kind, from), {
    origin,
    fingerprints: meant.map(({ fingerprint }) => fingerprint),
    ...(details === undefined ? {} : { details }),
  });
}

function isMeant(message: CrispMessage, from: MessageFrom, fingerprints?: readonly number[]): boolean {
  return message.from === from && (fingerprints === undefined || fingerprints.includes(message.fingerprint));
}

function mark(message: CrispMessage, origin: string, { kind, details }: AcknowledgeInput): void {
  if (kind === 'read') message.read = origin;
  if (kind === 'unread') message.read = '';
  if (kind === 'delivered') message.delivered = origin;
  if (kind === 'ignored') message.ignored = { ...message.ignored, [origin]: { ...details } };
}

// “send” and “received” say who wrote the messages: the visitor, or an operator.
function toEventName(kind: AcknowledgeInput['kind'], from: MessageFrom) {
  if (kind === 'read') {
    return from === 'user' ? 'message:acknowledge:read:send' : 'message:acknowledge:read:received';
  }
  if (kind === 'unread') return 'message:acknowledge:unread:send';
  return kind === 'delivered' ? 'message:acknowledge:delivered' : 'message:acknowledge:ignored';
}
