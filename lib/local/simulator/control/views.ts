import { parseSessionId, parseWebsiteId } from '../../../core/ids.ts';
import type { Simulator } from '../simulator.ts';

/** What `GET /_simulator/{view}/…` shows; undefined where there is nothing of that name. */
export const VIEWS: Readonly<Record<string, (simulator: Simulator, rest: readonly string[]) => unknown>> = {
  /** Requests by session and route. */
  sessions: ({ counters }) => counters.bySession(),
  /** The newest hook deliveries, oldest first. */
  deliveries: ({ hooks }) =>
    hooks.log().map(({ id, subscription, event, attempts, outcome }) => ({
      id,
      hook: subscription.id,
      event: event.event,
      session_id: event.data.session_id,
      timestamp: event.timestamp,
      attempts,
      outcome,
    })),
  /** The session ids of a website, or one conversation with all that belongs to it. */
  conversations: showConversations,
};

function showConversations(simulator: Simulator, [website, session]: readonly string[]): unknown {
  const websiteId = parseWebsiteId(website);
  const found = simulator.websites().find((candidate) => candidate.websiteId === websiteId);
  if (websiteId === undefined || found === undefined) return undefined;
  if (session === undefined) return [...found.conversations.keys()];

  const sessionId = parseSessionId(session);
  if (sessionId === undefined) return undefined;
  const stored = simulator.readConversation({ websiteId, sessionId });
  if (stored === undefined) return undefined;
  const { conversation, messages, visitedPages, events, relations } = stored;
  return { conversation, messages, pages: visitedPages, events, relations };
}
