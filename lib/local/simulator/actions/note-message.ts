import type { CrispConversation } from '../model/conversation.ts';
import type { CrispMessage } from '../model/message.ts';
import type { StoredConversation } from '../store/create-store.ts';

const EXCERPT_LENGTH = 80;

/** What a new message changes in its conversation: preview, unread counts, waiting time. */
export function noteMessage({ conversation }: StoredConversation, message: CrispMessage): void {
  if (isPreviewed(message)) Object.assign(conversation, toPreview(message));
  if (message.from === 'user') {
    conversation.unread.operator += 1;
    conversation.waiting_since ??= message.timestamp;
    conversation.active = { now: true, last: message.timestamp };
  } else if (isPreviewed(message)) {
    conversation.unread.visitor += 1;
    delete conversation.waiting_since;
  }
}

/** The preview after a message has gone or changed: that of the newest one which is shown to visitors. */
export function renewPreview({ conversation, messages }: StoredConversation): void {
  const newest = messages.findLast(isPreviewed);
  const empty = { last_message: '', preview_message: null };
  Object.assign(conversation, newest === undefined ? empty : toPreview(newest));
}

function isPreviewed({ type }: CrispMessage): boolean {
  return type !== 'note' && type !== 'event';
}

function toPreview(message: CrispMessage): Pick<CrispConversation, 'last_message' | 'preview_message'> {
  const { type, from, fingerprint } = message;
  const excerpt = toExcerpt(message);
  return { last_message: excerpt, preview_message: { type, from, excerpt, fingerprint } };
}

function toExcerpt({ content, type }: CrispMessage): string {
  // By code points: half an emoji would be a lone surrogate.
  if (typeof content === 'string') return Array.from(content).slice(0, EXCERPT_LENGTH).join('');
  return 'text' in content && typeof content.text === 'string' ? content.text : `(${type})`;
}
