import type { CrispMessage } from '../../model/message.ts';
import { indexAtOrAfter } from '../../store/timestamp-order.ts';

/** Which messages are asked for; without a timestamp, the newest. */
export type MessagesCursor =
  | { readonly kind: 'newest' }
  | { readonly kind: 'before' | 'after' | 'around'; readonly timestamp: number };

export interface MessagesPage {
  /** Oldest first. */
  readonly messages: readonly CrispMessage[];
  /** More in the direction of reading: newer ones for `after`, on either side for `around`, else older ones. */
  readonly hasMore: boolean;
}

/** Cuts one page out of a conversation's messages, which are sorted by timestamp. */
export function selectMessages(
  messages: readonly CrispMessage[],
  cursor: MessagesCursor,
  { pageSize, boundary }: { pageSize: number; boundary: 'strict' | 'inclusive' },
): MessagesPage {
  const own = boundary === 'inclusive' ? 1 : 0;
  const slice = (start: number, end: number) => messages.slice(Math.max(0, start), end);

  switch (cursor.kind) {
    case 'newest':
      return {
        messages: slice(messages.length - pageSize, messages.length),
        hasMore: messages.length > pageSize,
      };
    case 'before': {
      const end = indexAtOrAfter(messages, cursor.timestamp + own);
      return { messages: slice(end - pageSize, end), hasMore: end > pageSize };
    }
    case 'after': {
      const start = indexAtOrAfter(messages, cursor.timestamp + 1 - own);
      return { messages: slice(start, start + pageSize), hasMore: messages.length > start + pageSize };
    }
    case 'around': {
      const start = Math.max(0, indexAtOrAfter(messages, cursor.timestamp) - Math.floor(pageSize / 2));
      return {
        messages: slice(start, start + pageSize),
        hasMore: start > 0 || messages.length > start + pageSize,
      };
    }
  }
}
