import type { CrispObject } from './crisp-object.ts';
import { isCrispObject } from './is-crisp-object.ts';
import { toFingerprint } from './message-key.ts';

/**
 * Whether the newest message that the conversation names in `preview_message` is among `messages`; null where it names
 * none. False means that one of the two came from Crisp's cache and is older than the other.
 */
export function coversLatestMessage(conversation: CrispObject, messages: readonly unknown[]): boolean | null {
  const preview = conversation.preview_message;
  const latest = toFingerprint(isCrispObject(preview) ? preview : undefined);
  if (latest === undefined) return null;
  return messages.some((message) => toFingerprint(message) === latest);
}
