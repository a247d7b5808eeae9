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
}

export function summarizePage(
  messages: readonly unknown[],
  { added, hasMore }: { added: number; hasMore: boolean },
): PageSummary {
  let oldestMs: number | undefined;
  let newestMs: number | undefined;
  for (const message of messages) {
    const timestampMs = toTimestampMs(message);
    if (timestampMs === undefined) continue;
    if (oldestMs === undefined || timestampMs < oldestMs) oldestMs = timestampMs;
    if (newestMs === undefined || timestampMs > newestMs) newestMs = timestampMs;
  }
  return { count: messages.length, added, hasMore, oldestMs, newestMs };
}
