import type { CrispConversation } from './model.ts';
import { invalidData, pageOf, type Reply, refused } from './replies.ts';
import type { StoredConversation, StoredWebsite } from './store.ts';
import type { Switches } from './switches.ts';

interface ListContext {
  readonly website: StoredWebsite;
  readonly switches: Switches;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

/** The page size that `per_page` asks for, or the refusal. Crisp's reference: 20 to 50, 20 where it is absent. */
export function toPerPage(query: URLSearchParams): number | Reply {
  const text = query.get('per_page') ?? '20';
  if (!/^\d{1,4}$/.test(text)) return invalidData('per_page is not a number');
  return Math.min(50, Math.max(20, Number(text)));
}

interface DateRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** Reads `filter_date_start` and `filter_date_end` (ISO 8601); an absent one leaves its side open. */
export function parseDateRange(query: URLSearchParams): DateRange | Reply {
  const startMs = parseDate(query.get('filter_date_start'), Number.NEGATIVE_INFINITY);
  const endMs = parseDate(query.get('filter_date_end'), Number.POSITIVE_INFINITY);
  if (Number.isNaN(startMs)) return invalidData('filter_date_start is not a date');
  if (Number.isNaN(endMs)) return invalidData('filter_date_end is not a date');
  return { startMs, endMs };
}

function parseDate(text: string | null, fallback: number): number {
  if (text === null) return fallback;
  return /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
}

/** Both ends included. */
export function isWithin({ startMs, endMs }: DateRange, timestamp: number): boolean {
  return timestamp >= startMs && timestamp <= endMs;
}

// Enough for the queries of one walk; a list of all conversations is no small thing to keep.
const MAX_LISTS = 8;
// How long a search may be is not documented; that there is a limit is (`search_query_too_long`).
const MAX_SEARCH_LENGTH = 256;

/** What a query finds is kept until the website changes: a backfill walks many pages. */
export function createConversationList(): (context: ListContext) => Reply {
  const found = new Map<string, { revision: number; list: readonly CrispConversation[] }>();

  return (context) => {
    const { website, query, params, switches } = context;
    const pageSize = toPerPage(query);
    if (typeof pageSize !== 'number') return pageSize;
    if ((query.get('search_query') ?? '').length > MAX_SEARCH_LENGTH)
      return refused(400, 'search_query_too_long');
    if (query.get('search_type') === 'filter') return invalidData('filter searches are not simulated');
    const range = parseDateRange(query);
    if ('status' in range) return range;

    const key = `${website.websiteId} ${query}`;
    const known = found.get(key);
    const isCurrent = known?.revision === website.revision;
    const list = known && isCurrent ? known.list : findConversations(website, query, range);
    if (!isCurrent && found.size >= MAX_LISTS) found.clear();
    found.set(key, { revision: website.revision, list });
    // That this list answers 206 is documented: no switch for it.
    return pageOf(list, params.page, { pageSize, beyondEnd: switches.pageBeyondEnd, status: 'honest' });
  };
}

function findConversations({ conversations }: StoredWebsite, query: URLSearchParams, range: DateRange) {
  const conditions = toConditions(query);
  return [...conversations.values()]
    .filter(({ conversation }) => isWithin(range, conversation.updated_at))
    .filter((stored) => conditions.every((isWanted) => isWanted(stored)))
    .sort(toOrder(query))
    .map(({ conversation }) => conversation);
}

type Wanted = (stored: StoredConversation) => boolean;

const FLAGS: Readonly<Record<string, Wanted>> = {
  filter_unread: ({ conversation }) => conversation.unread.operator > 0,
  filter_resolved: ({ conversation }) => conversation.state === 'resolved',
  filter_not_resolved: ({ conversation }) => conversation.state !== 'resolved',
  filter_mention: ({ conversation }) => conversation.mentions.length > 0,
  filter_unassigned: ({ conversation }) => conversation.assigned === null,
};

/** The yes-or-no filters that a query sets. */
export function toFlags(query: URLSearchParams): readonly Wanted[] {
  return Object.entries(FLAGS).flatMap(([name, isWanted]) => (query.get(name) === '1' ? [isWanted] : []));
}

/** The conditions that a query sets beside its dates: a conversation is listed where all hold. */
function toConditions(query: URLSearchParams): readonly Wanted[] {
  const assignee = query.get('filter_assigned');
  const inbox = query.get('filter_inbox_id');
  const search = query.get('search_query');
  const conditions: Wanted[] = [...toFlags(query)];
  if (query.get('include_empty') !== '1') conditions.push(({ messages }) => messages.length > 0);
  if (assignee !== null) conditions.push(({ conversation }) => conversation.assigned?.user_id === assignee);
  if (inbox !== null) conditions.push(({ conversation }) => conversation.inbox_id === inbox);
  if (search !== null) conditions.push((stored) => isFoundBy(stored, search, query.get('search_type')));
  return conditions;
}

function isFoundBy(
  { conversation: { meta }, messages }: StoredConversation,
  search: string,
  type: string | null,
) {
  if (type === 'segment') return meta.segments.includes(search);
  const texts = messages.map(({ content }) => (typeof content === 'string' ? content : ''));
  return [meta.nickname, meta.email, ...texts].some((text) =>
    text.toLowerCase().includes(search.toLowerCase()),
  );
}

/** Newest update first where a query asks for no order. Those who wait longest come first, those who do not wait last. */
function toOrder(query: URLSearchParams): (a: StoredConversation, b: StoredConversation) => number {
  if (query.get('order_date_created') === '1')
    return (a, b) => b.conversation.created_at - a.conversation.created_at;
  if (query.get('order_date_waiting') === '1') return (a, b) => waitingSince(a) - waitingSince(b);
  return (a, b) => b.conversation.updated_at - a.conversation.updated_at;
}

function waitingSince({ conversation }: StoredConversation): number {
  return conversation.waiting_since ?? Number.MAX_SAFE_INTEGER;
}
