import { isCrispObject } from '../crisp/is-crisp-object.ts';
import { isPeopleId } from '../crisp/is-people-id.ts';
import { parseSessionId, type WebsiteId } from '../ids.ts';
import type { TriedConversation } from './crisp-routes.ts';

/** The conversations of a list as Crisp sent it, as far as they can be tried; `data` may be anything. */
export function listConversations(data: unknown, websiteId: WebsiteId): TriedConversation[] {
  const items: readonly unknown[] = Array.isArray(data) ? data : [];
  return items.flatMap((item) => {
    if (!isCrispObject(item)) return [];
    const sessionId = parseSessionId(item.session_id);
    if (sessionId === undefined) return [];
    const peopleId = isPeopleId(item.people_id) ? item.people_id : undefined;
    return [{ session: { websiteId, sessionId }, peopleId }];
  });
}
