import { compareMessages } from './compare-messages.ts';
import { toFingerprint, toMessageKey } from './message-key.ts';

/** Collects the pages of one conversation. */
export interface MessageMerge {
  /** Adds a page and returns how many of its messages were new. Of a message read twice, the later reading is kept. */
  add(page: readonly unknown[]): number;
  /** All messages, none twice, oldest first. */
  toSorted(): unknown[];
}

export function createMessageMerge(): MessageMerge {
  const known = new Map<string, unknown>();

  return {
    add(page) {
      const before = known.size;
      for (const [key, message] of withKeys(page)) known.set(key, message);
      return known.size - before;
    },
    toSorted: () => [...known.values()].sort(compareMessages),
  };
}

function* withKeys(page: readonly unknown[]): Generator<[string, unknown]> {
  const occurrences = new Map<string, number>();
  for (const message of page) {
    const key = toMessageKey(message);
    if (toFingerprint(message) !== undefined) {
      yield [key, message];
      continue;
    }
    const occurrence = occurrences.get(key) ?? 0;
    occurrences.set(key, occurrence + 1);
    yield [toMessageKey(message, occurrence), message];
  }
}
