import { parseSessionId, parseWebsiteId, type SessionRef, type WebsiteId } from '../ids.ts';
import { chooseWebsite } from '../operate/website.ts';
import type { ApiContext } from './context.ts';
import { ApiProblem } from './problem.ts';

/** The session that a path and a query name. Throws `ApiProblem`. */
export async function findSession(
  context: Pick<ApiContext, 'config' | 'listKnownWebsites'>,
  { session_id, website_id }: { readonly session_id: string; readonly website_id?: string | undefined },
): Promise<SessionRef> {
  const sessionId = parseSessionId(session_id);
  if (!sessionId)
    throw new ApiProblem('session_id_invalid', { detail: 'expected session_ and up to 64 characters' });
  const given = website_id === undefined ? undefined : parseWebsiteId(website_id);
  if (website_id !== undefined && !given) {
    throw new ApiProblem('website_id_invalid', { detail: 'expected a UUID' });
  }
  const found = await createWebsiteFinder(context).find(given);
  if ('websiteId' in found) return { websiteId: found.websiteId, sessionId };
  throw new ApiProblem(found.code, { detail: DETAILS[found.code], fields: { website_ids: found.choices } });
}

const DETAILS = {
  website_id_required: 'say which website with website_id',
  website_not_served: 'this website is not served',
} as const;

type FoundWebsite =
  | { readonly websiteId: WebsiteId }
  | { readonly code: keyof typeof DETAILS; readonly choices: readonly WebsiteId[] };

/** Finds the websites of one request; those that are known are listed once. */
export function createWebsiteFinder({
  config: { websiteIds },
  listKnownWebsites,
}: Pick<ApiContext, 'config' | 'listKnownWebsites'>) {
  let known: Promise<readonly WebsiteId[]> | undefined;
  const list = () => {
    known ??= listKnownWebsites();
    return known;
  };

  return {
    /** The one that was given, or the only one there is. */
    async find(given: WebsiteId | undefined): Promise<FoundWebsite> {
      if (given && websiteIds.length > 0 && !websiteIds.includes(given))
        return { code: 'website_not_served', choices: websiteIds };
      const chosen = await chooseWebsite(given, { configured: websiteIds, known: list });
      return 'websiteId' in chosen ? chosen : { code: 'website_id_required', choices: chosen.choices };
    },
  };
}
