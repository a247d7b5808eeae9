import { parseSessionId, parseWebsiteId } from '../../ids.ts';
import { createConversationList, isWithin, parseDateRange, toFlags, toPerPage } from './listing.ts';
import {
  invalidData,
  listed,
  pageOf,
  parseCursor,
  type Reply,
  refused,
  resolved,
  selectMessages,
} from './replies.ts';
import {
  findProfile,
  type Store,
  type StoredConversation,
  type StoredProfile,
  type StoredWebsite,
} from './store.ts';
import type { Switches } from './switches.ts';

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

interface RouteOptions {
  /** Also answers HEAD. */
  readonly hasHead?: boolean;
  /** False where no source confirms the scope: a switch decides whether it is needed. */
  readonly isScopeConfirmed?: boolean;
  /** Refused to other tiers with `restricted_route_tier`. */
  readonly tier?: 'plugin';
  /** Routes about people may be closed to the website tier: a switch decides. */
  readonly isPeople?: boolean;
}

/** A GET route. */
export interface Route extends RouteOptions {
  /** What counters and faults call it. */
  readonly name: string;
  /** In hono's spelling. */
  readonly path: string;
  readonly scope: string | undefined;
  answer(context: RouteContext): Reply;
}

const WEBSITE = '/v1/website/:website_id';
const CONVERSATION = `${WEBSITE}/conversation/:session_id`;
const PEOPLE = `${WEBSITE}/people`;
const SESSIONS = 'website:conversation:sessions';
const MESSAGES = 'website:conversation:messages';
const ACTIONS = 'website:conversation:actions';
const PROFILES = 'website:people:profiles';
const UNCONFIRMED = { isScopeConfirmed: false };

/** Every route of the API. Each simulator has its own, because the list of conversations remembers what it found. */
export function createRoutes(): readonly Route[] {
  return [
    {
      name: 'plugin-websites',
      path: '/v1/plugin/connect/websites/all/:page',
      scope: undefined,
      tier: 'plugin',
      answer: (context) => listPage(listSubscribed(context.store), context),
    },
    ofWebsite('website', '', undefined, ({ website }) => resolved(website.website)),
    ofWebsite('operators', '/operators/list', undefined, ({ website }) => listed(website.operators, false)),
    ofWebsite('conversations', '/conversations/:page', SESSIONS, createConversationList()),
    ofConversation('conversation', '', SESSIONS, ({ stored }) => resolved(stored.conversation), {
      hasHead: true,
    }),
    ofConversation('meta', '/meta', SESSIONS, ({ stored }) => resolved(stored.conversation.meta)),
    ofConversation('state', '/state', 'website:conversation:states', ({ stored }) =>
      resolved({ state: stored.conversation.state }),
    ),
    ofConversation('routing', '/routing', 'website:conversation:routing', ({ stored }) =>
      resolved({ assigned: stored.conversation.assigned }),
    ),
    ofConversation('participants', '/participants', 'website:conversation:participants', ({ stored }) =>
      resolved({ participants: stored.conversation.participants }),
    ),
    ofConversation('block', '/block', ACTIONS, answerBlock, UNCONFIRMED),
    ofConversation('verify', '/verify', ACTIONS, answerVerify, UNCONFIRMED),
    ofConversation('relations', '/relations', SESSIONS, answerRelations, UNCONFIRMED),
    ofConversation('messages', '/messages', MESSAGES, answerMessages),
    ofConversation('message', '/message/:fingerprint', MESSAGES, answerMessage),
    ofConversation('original', '/original/:original_id', MESSAGES, answerOriginal),
    ofConversation('pages', '/pages/:page', 'website:conversation:pages', (context) =>
      listPage(context.stored.visitedPages, context),
    ),
    ofConversation('events', '/events/:page', 'website:conversation:events', (context) =>
      listPage(context.stored.events, context),
    ),
    ofConversation('files', '/files/:page', MESSAGES, answerFiles, UNCONFIRMED),
    ofProfile('profile', 'profile/:people_id', PROFILES, ({ profile }) => resolved(profile), {
      hasHead: true,
    }),
    ofProfile('people-data', 'data/:people_id', PROFILES, ({ data }) => resolved({ data }), UNCONFIRMED),
    ofProfile('people-subscription', 'subscription/:people_id', 'website:people:subscriptions', (stored) =>
      resolved({ email: stored.isSubscribedToEmail }),
    ),
    ofProfile(
      'people-conversations',
      'conversations/:people_id/list/:page',
      'website:people:conversations',
      ({ profile }, context) => listPage(listSessions(context, profile.people_id), context),
      UNCONFIRMED,
    ),
    // Lists that exist for every profile, and that nothing in the simulator fills.
    ofProfile('people-events', 'events/:people_id/list/:page', PROFILES, listNothing, UNCONFIRMED),
    ofProfile('people-campaigns', 'campaigns/:people_id/list/:page', PROFILES, listNothing, UNCONFIRMED),
    ofWebsite('profiles', '/people/profiles/:page', PROFILES, listProfiles, { isPeople: true }),
    ofWebsite(
      'people-stats',
      '/people/stats',
      PROFILES,
      ({ website }) => resolved({ total: website.profiles.size }),
      {
        isPeople: true,
      },
    ),
  ];
}

function ofWebsite(
  name: string,
  path: string,
  scope: string | undefined,
  answer: (context: WebsiteContext) => Reply,
  options: RouteOptions = {},
): Route {
  return {
    ...{ name, path: `${WEBSITE}${path}`, scope, ...options },
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
  scope: string,
  answer: (context: ConversationContext) => Reply,
  options: RouteOptions = {},
): Route {
  const answerHere = (context: WebsiteContext) => {
    const { website, params, switches } = context;
    const stored = website.conversations.get(parseSessionId(params.session_id) ?? '');
    if (stored === undefined) return refused(switches.missingSessionStatus, switches.missingSessionReason);
    return answer({ ...context, stored });
  };
  return ofWebsite(name, `${CONVERSATION.slice(WEBSITE.length)}${path}`, scope, answerHere, options);
}

/** `:people_id` may be an e-mail address everywhere. */
function ofProfile(
  name: string,
  path: string,
  scope: string,
  answer: (stored: StoredProfile, context: WebsiteContext) => Reply,
  options: RouteOptions = {},
): Route {
  const answerHere = (context: WebsiteContext) => {
    const found = findProfile(context.website, context.params.people_id ?? '');
    return found === undefined ? refused(404, 'people_not_found') : answer(found, context);
  };
  const wholePath = `${PEOPLE.slice(WEBSITE.length)}/${path}`;
  return ofWebsite(name, wholePath, scope, answerHere, { ...options, isPeople: true });
}

function listPage(items: readonly unknown[], { params, switches }: RouteContext): Reply {
  const pageSize = Math.max(1, switches.listPageSize);
  return pageOf(items, params.page, {
    ...{ pageSize, beyondEnd: switches.pageBeyondEnd, status: switches.listStatus },
  });
}

function listSubscribed({ websites }: Store) {
  return [...websites.values()]
    .filter(({ isSubscribed }) => isSubscribed)
    .map(({ websiteId }) => ({ website_id: websiteId, settings: {}, plan: { trialing: false } }));
}

function answerBlock({ stored: { conversation } }: ConversationContext): Reply {
  return resolved({ blocked: conversation.is_blocked });
}

function answerVerify({ stored: { conversation } }: ConversationContext): Reply {
  return resolved({ verified: conversation.is_verified, verifications: conversation.verifications });
}

function answerRelations({ stored }: ConversationContext): Reply {
  return resolved({ conversations: stored.relations });
}

function answerMessages({ stored, query, switches }: ConversationContext): Reply {
  const cursor = parseCursor(query);
  if (typeof cursor === 'string') return invalidData(cursor);
  const { messages, hasMore } = selectMessages(stored.messages, cursor, {
    // A page of nothing would say 206 for ever.
    pageSize: Math.max(1, switches.messagesPageSize),
    boundary: switches.timestampBoundary,
  });
  return listed(messages, hasMore && switches.messagesStatus === 'honest');
}

function answerMessage({ stored, params }: ConversationContext): Reply {
  const found = stored.messages.find(({ fingerprint }) => String(fingerprint) === params.fingerprint);
  return found === undefined ? refused(404, 'message_not_found') : resolved(found);
}

function answerOriginal({ stored, params }: ConversationContext): Reply {
  const found = stored.originals.get(params.original_id ?? '');
  return found === undefined ? refused(404, 'original_not_found') : resolved(found);
}

function answerFiles(context: ConversationContext): Reply {
  const files = context.stored.messages.flatMap(({ type, content, fingerprint, timestamp }) => {
    const isFile = type === 'file' && typeof content === 'object' && 'url' in content && 'name' in content;
    return isFile ? [{ ...content, fingerprint, timestamp }] : [];
  });
  return listPage(files, context);
}

const listNothing = (_stored: StoredProfile, context: WebsiteContext) => listPage([], context);

function listSessions({ website, query }: WebsiteContext, peopleId: string): readonly string[] {
  return [...website.conversations.values()]
    .filter(({ conversation }) => conversation.people_id === peopleId)
    .filter((stored) => toFlags(query).every((isWanted) => isWanted(stored)))
    .map(({ ref }) => ref.sessionId);
}

/** Newest first unless `sort_order=ascending`. */
function listProfiles({ website, params, query, switches }: WebsiteContext): Reply {
  const pageSize = toPerPage(query);
  if (typeof pageSize !== 'number') return pageSize;
  const range = parseDateRange(query);
  if ('status' in range) return range;
  const text = (query.get('search_text') ?? '').toLowerCase();

  const profiles = [...website.profiles.values()]
    .map(({ profile }) => profile)
    .filter(({ email, person }) => `${email}\n${person.nickname}`.toLowerCase().includes(text))
    .filter(({ created_at }) => isWithin(range, created_at))
    .sort((a, b) => b.created_at - a.created_at);
  if (query.get('sort_order') === 'ascending') profiles.reverse();
  return pageOf(profiles, params.page, {
    ...{ pageSize, beyondEnd: switches.pageBeyondEnd, status: switches.listStatus },
  });
}
