import { parseSessionId, parseWebsiteId } from '../../ids.ts';
import type { CrispConversation, CrispMessage } from './model.ts';
import {
  findProfile,
  indexAtOrAfter,
  type Store,
  type StoredConversation,
  type StoredWebsite,
} from './store.ts';
import type { Switches } from './switches.ts';

/** An answer of the API before it is written: status and envelope. */
export interface Reply {
  readonly status: number;
  readonly reason: string;
  readonly data: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

function resolved(data: unknown): Reply {
  return { status: 200, reason: 'resolved', data };
}

/** A list; 206 says that there is more of it. */
function listed(data: readonly unknown[], hasMore: boolean): Reply {
  return { status: hasMore ? 206 : 200, reason: 'listed', data };
}

export function refused(status: number, reason: string, message?: string): Reply {
  return { status, reason, data: message === undefined ? {} : { message } };
}

function invalidData(message: string): Reply {
  return refused(400, 'invalid_data', message);
}

/** What a route may look at. */
interface RouteContext {
  readonly store: Store;
  readonly switches: Switches;
  /** Values of the path's `:names`, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

interface WebsiteContext extends RouteContext {
  readonly website: StoredWebsite;
}

interface ConversationContext extends WebsiteContext {
  readonly stored: StoredConversation;
}

/** A GET route. */
export interface Route {
  /** What counters and faults call it. */
  readonly name: string;
  /** In hono's spelling. */
  readonly path: string;
  /** Undefined where no source names one. */
  readonly scope: string | undefined;
  /** Also answers HEAD. */
  readonly hasHead: boolean;
  /** Refused to the other tier with `restricted_route_tier`. */
  readonly tier?: 'plugin';
  answer(context: RouteContext): Reply;
}

const WEBSITE = '/v1/website/:website_id';
const CONVERSATION = '/conversation/:session_id';
const SESSIONS = 'website:conversation:sessions';

/** The routes that the pipeline and its tools read. */
export const ROUTES: readonly Route[] = [
  {
    ...{ name: 'plugin-websites', path: '/v1/plugin/connect/websites/all/:page', tier: 'plugin' },
    ...{ scope: undefined, hasHead: false },
    answer: (context) => listPage(listSubscribed(context.store), context),
  },
  ofWebsite('website', '', undefined, ({ website }) => resolved(website.website)),
  ofWebsite('conversations', '/conversations/:page', SESSIONS, listConversations),
  ofConversation('conversation', '', SESSIONS, ({ stored }) => resolved(stored.conversation), true),
  ofConversation('messages', '/messages', 'website:conversation:messages', listMessages),
  ofConversation('pages', '/pages/:page', 'website:conversation:pages', (context) =>
    listPage(context.stored.visitedPages, context),
  ),
  ofConversation('events', '/events/:page', 'website:conversation:events', (context) =>
    listPage(context.stored.events, context),
  ),
  ofConversation('relations', '/relations', undefined, ({ stored }) =>
    resolved({ conversations: stored.relations }),
  ),
  // The person's id may be an e-mail address.
  ofWebsite('profile', '/people/profile/:people_id', 'website:people:profiles', ({ website, params }) => {
    const profile = findProfile(website, params.people_id ?? '');
    return profile === undefined ? refused(404, 'people_not_found') : resolved(profile);
  }),
];

function ofWebsite(
  name: string,
  path: string,
  scope: string | undefined,
  answer: (context: WebsiteContext) => Reply,
  hasHead = false,
): Route {
  return {
    ...{ name, path: `${WEBSITE}${path}`, scope, hasHead },
    answer(context) {
      const website = context.store.websites.get(parseWebsiteId(context.params.website_id) ?? '');
      // To Crisp a website that does not exist and one that the plugin is not installed on look the same.
      return website?.isSubscribed ? answer({ ...context, website }) : refused(404, 'not_subscribed');
    },
  };
}

function ofConversation(
  name: string,
  path: string,
  scope: string | undefined,
  answer: (context: ConversationContext) => Reply,
  hasHead = false,
): Route {
  const answerHere = (context: WebsiteContext) => {
    const { website, params, switches } = context;
    const stored = website.conversations.get(parseSessionId(params.session_id) ?? '');
    if (stored === undefined) return refused(switches.missingSessionStatus, switches.missingSessionReason);
    return answer({ ...context, stored });
  };
  return ofWebsite(name, `${CONVERSATION}${path}`, scope, answerHere, hasHead);
}

function listSubscribed({ websites }: Store) {
  return [...websites.values()]
    .filter(({ isSubscribed }) => isSubscribed)
    .map(({ websiteId }) => ({ website_id: websiteId, settings: {}, plan: { trialing: false } }));
}

function listPage(items: readonly unknown[], context: RouteContext): Reply {
  return pageOf(items, Math.max(1, context.switches.listPageSize), context.switches.listStatus, context);
}

/** One page of a numbered list; pages are counted from 1. */
function pageOf(
  items: readonly unknown[],
  pageSize: number,
  status: Switches['listStatus'],
  { params: { page = '' }, switches: { pageBeyondEnd } }: RouteContext,
): Reply {
  if (!/^[1-9]\d{0,8}$/.test(page)) return invalidData('page number is not valid');
  const start = (Number(page) - 1) * pageSize;
  if (start > 0 && start >= items.length && pageBeyondEnd === 'not-found')
    return refused(404, 'page_not_found');
  const hasMore = items.length > start + pageSize;
  return listed(items.slice(start, start + pageSize), hasMore && status === 'honest');
}

type Wanted = (stored: StoredConversation) => boolean;

const FLAGS: Readonly<Record<string, Wanted>> = {
  filter_unread: ({ conversation }) => conversation.unread.operator > 0,
  filter_resolved: ({ conversation }) => conversation.state === 'resolved',
  filter_not_resolved: ({ conversation }) => conversation.state !== 'resolved',
  filter_mention: ({ conversation }) => conversation.mentions.length > 0,
  filter_unassigned: ({ conversation }) => conversation.assigned === null,
};

/** Newest update first, unless the query asks for another order. */
function listConversations(context: WebsiteContext): Reply {
  const { website, query } = context;
  const perPage = query.get('per_page') ?? '20';
  if (!/^\d{1,4}$/.test(perPage)) return invalidData('per_page is not a number');
  if (query.has('search_query')) return invalidData('searches are not simulated');
  const fromMs = parseDate(query.get('filter_date_start'), Number.NEGATIVE_INFINITY);
  const toMs = parseDate(query.get('filter_date_end'), Number.POSITIVE_INFINITY);
  if (Number.isNaN(fromMs)) return invalidData('filter_date_start is not a date');
  if (Number.isNaN(toMs)) return invalidData('filter_date_end is not a date');

  const assignee = query.get('filter_assigned');
  const inbox = query.get('filter_inbox_id');
  const flags = Object.entries(FLAGS).filter(([name]) => query.get(name) === '1');
  const found = [...website.conversations.values()]
    .filter(({ messages }) => messages.length > 0 || query.get('include_empty') === '1')
    // Current documents say that the dates are those of the update.
    .filter(({ conversation: { updated_at } }) => updated_at >= fromMs && updated_at <= toMs)
    .filter(({ conversation: { assigned } }) => assignee === null || assigned?.user_id === assignee)
    .filter(({ conversation: { inbox_id } }) => inbox === null || inbox_id === inbox)
    .filter((stored) => flags.every(([, isWanted]) => isWanted(stored)))
    .map(({ conversation }) => conversation)
    .sort(toOrder(query));
  // Crisp's reference: 20 to 50. That this list answers 206 is documented: no switch for it.
  return pageOf(found, Math.min(50, Math.max(20, Number(perPage))), 'honest', context);
}

function parseDate(text: string | null, fallback: number): number {
  if (text === null) return fallback;
  return /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
}

function toOrder(query: URLSearchParams): (a: CrispConversation, b: CrispConversation) => number {
  if (query.get('order_date_created') === '1') return (a, b) => b.created_at - a.created_at;
  // Those who wait longest come first, those who do not wait last.
  if (query.get('order_date_waiting') === '1') return (a, b) => waitingSince(a) - waitingSince(b);
  return (a, b) => b.updated_at - a.updated_at;
}

function waitingSince({ waiting_since = Number.MAX_SAFE_INTEGER }: CrispConversation): number {
  return waiting_since;
}

function listMessages({ stored, query, switches }: ConversationContext): Reply {
  const cursor = parseCursor(query);
  if (typeof cursor === 'string') return invalidData(cursor);
  const { messages, hasMore } = selectMessages(stored.messages, cursor, {
    // A page of nothing would say 206 for ever.
    pageSize: Math.max(1, switches.messagesPageSize),
    boundary: switches.timestampBoundary,
  });
  return listed(messages, hasMore && switches.messagesStatus === 'honest');
}

/** Which messages are asked for; without a timestamp, the newest. */
type MessagesCursor =
  | { readonly kind: 'newest' }
  | { readonly kind: 'before' | 'after' | 'around'; readonly timestamp: number };

/** Reads the cursor of a query, or returns what is wrong with it. */
function parseCursor(query: URLSearchParams): MessagesCursor | string {
  const [kind, ...others] = (['before', 'after', 'around'] as const).filter((name) =>
    query.has(`timestamp_${name}`),
  );
  if (kind === undefined) return { kind: 'newest' };
  if (others.length > 0) return 'timestamp_before, timestamp_after and timestamp_around exclude each other';
  const text = query.get(`timestamp_${kind}`) ?? '';
  if (!/^\d{1,15}$/.test(text)) return `timestamp_${kind} is not a timestamp`;
  return { kind, timestamp: Number(text) };
}

interface MessagesPage {
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

  if (cursor.kind === 'newest') return until(messages.length);
  if (cursor.kind === 'before') return until(indexAtOrAfter(messages, cursor.timestamp + own));
  if (cursor.kind === 'after') return from(indexAtOrAfter(messages, cursor.timestamp + 1 - own));
  const start = Math.max(0, indexAtOrAfter(messages, cursor.timestamp) - Math.floor(pageSize / 2));
  const page = from(start);
  return { ...page, hasMore: start > 0 || page.hasMore };
}
