import type { SessionRef } from '../../../core/ids.ts';
import { inventContent } from '../invention/invent-content.ts';
import type { OriginalMessage } from '../model/conversation.ts';
import type { MessageEventFields } from '../model/event.ts';
import type {
  CrispMessage,
  MessageContent,
  MessageFrom,
  MessageType,
  MessageUser,
} from '../model/message.ts';
import type { StoredConversation } from '../store/create-store.ts';
import { insertByTimestamp } from '../store/timestamp-order.ts';
import type { World } from '../world.ts';
import { emitSessionEvent } from './emit.ts';
import { noteMessage } from './note-message.ts';
import { setState } from './set-state.ts';
import { touch } from './touch.ts';

export interface SendMessageInput {
  /** Default: the visitor, but for notes and events, which only operators write. */
  readonly from?: MessageFrom;
  readonly type?: MessageType;
  /** Drawn from the seed where it is absent. */
  readonly content?: MessageContent;
  /** Epoch milliseconds; default now. */
  readonly timestamp?: number;
  readonly fingerprint?: number;
  readonly origin?: string;
  readonly user?: MessageUser;
  readonly isAutomated?: boolean;
  readonly mentions?: readonly string[];
  /** The raw source of a message that came by e-mail: `…/original/{original_id}` returns it. */
  readonly source?: Pick<OriginalMessage, 'type' | 'headers' | 'content'>;
  /** Fields that the message has in REST beyond the usual, or instead of them: an unknown type, for instance. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/**
 * The visitor or an operator writes. The event is `message:send` for the visitor and `message:received` for operators; a
 * visitor's message on a resolved conversation reopens it.
 */
export function sendMessage(world: World, session: SessionRef, input: SendMessageInput = {}): CrispMessage {
  const stored = touch(world, session);
  const message = createMessage(world, stored, input);

  insertByTimestamp(stored.messages, message);
  noteMessage(stored, message);
  const isVisitors = message.from === 'user';
  emitSessionEvent(world, stored, isVisitors ? 'message:send' : 'message:received', toEventFields(message));
  if (isVisitors && stored.conversation.state === 'resolved') setState(world, session, 'unresolved');
  return message;
}

function createMessage(world: World, stored: StoredConversation, input: SendMessageInput): CrispMessage {
  const { type = 'text', origin = 'chat' } = input;
  const from = input.from ?? (type === 'note' || type === 'event' ? 'operator' : 'user');
  const message: CrispMessage = {
    session_id: stored.ref.sessionId,
    website_id: stored.ref.websiteId,
    type,
    from,
    origin,
    content: input.content ?? inventContent(type, from, world.invention),
    read: '',
    delivered: '',
    stamped: true,
    fingerprint: input.fingerprint ?? drawFingerprint(world),
    timestamp: input.timestamp ?? world.clock.nowMs(),
    user: input.user ?? toUser(world, stored, from),
  };
  if (input.isAutomated === true) message.automated = true;
  if (input.source !== undefined) message.original = keepOriginal(world, stored, input.source, message);
  if (input.mentions !== undefined) message.mentions = [...input.mentions];
  return Object.assign(message, input.extra);
}

function keepOriginal(
  world: World,
  { ref, originals }: StoredConversation,
  source: Pick<OriginalMessage, 'type' | 'headers' | 'content'>,
  { timestamp }: CrispMessage,
): { original_id: string } {
  const original_id = world.ids.uuid();
  const ids = { website_id: ref.websiteId, session_id: ref.sessionId, original_id };
  originals.set(original_id, { ...ids, ...source, timestamp });
  return { original_id };
}

// Fifteen digits, as in Crisp's documents: below 2^53. Two draws, because one has only 32 bits of chance.
function drawFingerprint({ ids }: World): number {
  return ids.integer(1e7, 1e8 - 1) * 1e7 + ids.integer(0, 1e7 - 1);
}

function toUser(world: World, { ref, conversation }: StoredConversation, from: MessageFrom): MessageUser {
  if (from === 'user') return { type: 'user', user_id: ref.sessionId, nickname: conversation.meta.nickname };
  const [operator] = world.store.website(ref.websiteId).operators;
  if (operator === undefined) return { type: 'website' };
  return { type: 'operator', user_id: operator.details.user_id, nickname: operator.details.first_name };
}

function toEventFields(message: CrispMessage): MessageEventFields {
  const { type, from, origin, content, fingerprint, timestamp, stamped, user, mentions, automated } = message;

  return {
    type,
    from,
    origin,
    content,
    fingerprint,
    timestamp,
    stamped,
    user,
    ...(mentions === undefined ? {} : { mentions }),
    ...(automated === undefined ? {} : { automated }),
  };
}
