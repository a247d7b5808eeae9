import { toTimestampMs } from './message-key.ts';

/** What the walk over the pages needs to know of one of them. */
export interface PageSummary {
  /** As received, messages known already included. */
  readonly count: number;
  /** How many of them were not known before. */
  readonly added: number;
  /** 206: Crisp says that older messages exist. */
  readonly hasMore: boolean;
  /** Epoch ms; undefined where no message of the page has a timestamp. */
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
  /** The timestamp in the middle of all. */
  readonly middleMs: number | undefined;
  /** Of the messages that were not known before, and of those that were. */
  readonly newestAddedMs: number | undefined;
  readonly newestKnownMs: number | undefined;
  /** In time order, one way or the other. */
  readonly isOrdered: boolean;
}

export function summarizePage(
  messages: readonly unknown[],
  { added, hasMore }: { added: readonly unknown[]; hasMore: boolean },
): PageSummary {
  const timestamps = toTimestamps(messages);
  const sorted = timestamps.toSorted((a, b) => a - b);
  const isNew = new Set(added);
  return {
    count: messages.length,
    added: added.length,
    hasMore,
    oldestMs: sorted[0],
    middleMs: sorted[sorted.length >> 1],
    newestMs: sorted.at(-1),
    newestAddedMs: toNewest(added),
    newestKnownMs: toNewest(messages.filter((message) => !isNew.has(message))),
    isOrdered: isEqual(timestamps, sorted) || isEqual(timestamps.toReversed(), sorted),
  };
}

function toTimestamps(messages: readonly unknown[]): number[] {
  return messages.map(toTimestampMs).filter((timestamp) => timestamp !== undefined);
}

function toNewest(messages: readonly unknown[]): number | undefined {
  return toTimestamps(messages)
    .sort((a, b) => a - b)
    .at(-1);
}

function isEqual(one: readonly number[], other: readonly number[]): boolean {
  return one.every((timestamp, place) => timestamp === other[place]);
}
