import type { CrispProfile } from '../../model/profile.ts';
import { pageOf } from '../page-of.ts';
import { toPerPage } from '../per-page.ts';
import type { Reply } from '../reply.ts';
import type { WebsiteContext } from '../route.ts';
import { type DateRange, isWithin, parseDateRange } from './date-range.ts';

/** `GET …/people/profiles/{page}`: newest first unless `sort_order=ascending`. */
export function listProfiles({ website, params, query, switches }: WebsiteContext): Reply {
  const pageSize = toPerPage(query, switches);
  if (typeof pageSize !== 'number') return pageSize;
  const range = parseDateRange(query);
  if ('status' in range) return range;

  const profiles = [...website.profiles.values()]
    .map(({ profile }) => profile)
    .filter((profile) => isWanted(profile, query, range))
    .sort((a, b) => b.created_at - a.created_at);
  if (query.get('sort_order') === 'ascending') profiles.reverse();
  return pageOf(profiles, params.page, {
    pageSize,
    beyondEnd: switches.pageBeyondEnd,
    status: switches.listStatus,
  });
}

function isWanted(profile: CrispProfile, query: URLSearchParams, range: DateRange): boolean {
  const text = (query.get('search_text') ?? '').toLowerCase();
  const haystack = `${profile.email}\n${profile.person.nickname}`.toLowerCase();
  return haystack.includes(text) && isWithin(range, profile.created_at);
}
