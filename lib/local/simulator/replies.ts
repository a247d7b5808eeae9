import type { CrispMessage } from './model.ts';
import { indexAtOrAfter } from './store.ts';

/** An answer of the API before it is written: status and envelope. */
export interface Reply {
  readonly status: number;
  readonly reason: string;
  readonly data: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export function resolved(data: unknown): Reply {
  return { status: 200, reason: 'resolved', data };
}

/** A list; 206 says that there is more of it. */
export function listed(data: readonly unknown[], hasMore: boolean): Reply {
  return { status: hasMore ? 206 : 200, reason: 'listed', data };
}

export function refused(status: number, reason: string, message?: string): Reply {
  return { status, reason, data: message === undefined ? {} : { message } };
}

export function invalidData(message: string): Reply {
  return refused(400, 'invalid_data', message);
}

/** Crisp's envelope as JSON. */
export function toEnvelope({ status, reason, data }: Reply): string {
  return JSON.stringify({ error: status >= 400, reason, data });
}

interface Paging {
  readonly pageSize: number;
  readonly beyondEnd: 'empty' | 'not-found';
  readonly status: 'honest' | 'always-200';
}

/** One page of a numbered list; pages are counted from 1. */
export function pageOf(
  items: readonly unknown[],
  page: string | undefined,
  { pageSize, beyondEnd, status }: Paging,
): Reply {
  if (page === undefined || !/^[1-9]\d{0,8}$/.test(page)) return invalidData('page number is not valid');
  const start = (Number(page) - 1) * pageSize;
  if (start > 0 && start >= items.length && beyondEnd === 'not-found') return refused(404, 'page_not_found');
  const hasMore = items.length > start + pageSize;
  return listed(items.slice(start, start + pageSize), hasMore && status === 'honest');
}

/** Which messages are asked for; without a timestamp, the newest. */
type MessagesCursor =
  | { readonly kind: 'newest' }
  | { readonly kind: 'before' | 'after' | 'around'; readonly timestamp: number };

/** Reads the cursor of a query, or returns what is wrong with it. */
export function parseCursor(query: URLSearchParams): MessagesCursor | string {
  const [kind, ...others] = (['before', 'after', 'around'] as const).filter((name) =>
    query.has(`timestamp_${name}`),
  );
  if (kind === undefined) return { kind: 'newest' };
  if (others.length > 0) return 'timestamp_before, timestamp_after and timestamp_around exclude each other';
  const text = query.get(`timestamp_${kind}`) ?? '';
  if (!/^\d{1,15}$/.test(text)) return `timestamp_${kind} is not a timestamp`;
  return { kind, timestamp: Number(text) };
}

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
  const from = (start: number) => ({
    messages: messages.slice(start, start + pageSize),
    hasMore: messages.length > start + pageSize,
  });
  const until = (end: number) => ({
    messages: messages.slice(Math.max(0, end - pageSize), end),
    hasMore: end > pageSize,
  });

  switch (cursor.kind) {
    case 'newest':
      return until(messages.length);
    case 'before':
      return until(indexAtOrAfter(messages, cursor.timestamp + own));
    case 'after':
      return from(indexAtOrAfter(messages, cursor.timestamp + 1 - own));
    case 'around': {
      const start = Math.max(0, indexAtOrAfter(messages, cursor.timestamp) - Math.floor(pageSize / 2));
      const page = from(start);
      return { ...page, hasMore: start > 0 || page.hasMore };
    }
  }
}
