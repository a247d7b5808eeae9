import { parseSessionId, parseWebsiteId } from '../../../core/ids.ts';
import type { Store, StoredConversation, StoredWebsite } from '../store/create-store.ts';
import type { Switches } from '../switches.ts';
import type { RouteMatch } from './match-route.ts';
import { type Reply, refused } from './reply.ts';

interface Workspace {
  readonly store: Store;
  readonly switches: Switches;
}

/** Finds what the path is about, then lets the route answer. */
export function answerRoute(
  { route, params }: RouteMatch,
  query: URLSearchParams,
  { store, switches }: Workspace,
): Reply {
  const context = { store, switches, params, query };
  if (route.about === 'account') return route.answer(context);

  const website = findWebsite(store, params);
  // To Crisp a website that does not exist and one that the plugin is not installed on look the same.
  if (website === undefined || !website.isSubscribed) return refused(404, 'not_subscribed');
  if (route.about === 'website') return route.answer({ ...context, website });

  const stored = findConversation(website, params);
  if (stored === undefined) return refused(switches.missingSessionStatus, switches.missingSessionReason);
  return route.answer({ ...context, website, stored });
}

function findWebsite(store: Store, params: RouteMatch['params']): StoredWebsite | undefined {
  const websiteId = parseWebsiteId(params.website_id);
  return websiteId === undefined ? undefined : store.websites.get(websiteId);
}

function findConversation(
  website: StoredWebsite,
  params: RouteMatch['params'],
): StoredConversation | undefined {
  const sessionId = parseSessionId(params.session_id);
  return sessionId === undefined ? undefined : website.conversations.get(sessionId);
}
