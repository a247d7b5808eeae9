import { compareMessages } from './compare-messages.ts';
import { isCrispObject } from './is-crisp-object.ts';
import { toContentHash, toMessageKey } from './message-key.ts';

/** Collects the pages of one conversation. */
export interface MessageMerge {
  /** Adds a page and returns those of its messages that were new. Of a message read twice, the later reading is kept. */
  add(page: readonly unknown[]): readonly unknown[];
  /** All messages, none twice, oldest first. */
  toSorted(): unknown[];
}

/**
 * A page never holds the same message twice: of one key there are as many messages as the page that holds most of them.
 */
export function createMessageMerge(): MessageMerge {
  const known = new Map<string, readonly unknown[]>();

  return {
    add(page) {
      const added: unknown[] = [];
      for (const [key, read] of Map.groupBy(page, toMessageKey)) {
        const before = known.get(key) ?? [];
        known.set(key, joinReadings(before, read));
        added.push(...read.slice(before.length));
      }
      return added;
    },
    toSorted: () => [...known.values()].flat().sort(compareMessages),
  };
}

/**
 * All that was read now, and of what was known as many as the page lacked: those that say what it does not say. A page
 * that holds fewer has cut through them, or one was deleted meanwhile; a message too many is corrected by the next
 * fetch, one too few would be lost.
 */
function joinReadings(before: readonly unknown[], read: readonly unknown[]): readonly unknown[] {
  const lacking = before.length - read.length;
  if (lacking <= 0) return read;
  const said = Map.groupBy(read, toWords);
  const unread = before.filter((message) => said.get(toWords(message))?.pop() === undefined);
  return [...unread.slice(0, lacking), ...read];
}

function toWords(message: unknown): string {
  return toContentHash(isCrispObject(message) ? message.content : message);
}
