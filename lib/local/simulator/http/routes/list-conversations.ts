import type { CrispConversation } from '../../model/conversation.ts';
import { createRevisionCache } from '../create-revision-cache.ts';
import { pageOf } from '../page-of.ts';
import { toPerPage } from '../per-page.ts';
import { invalidData, type Reply, refused } from '../reply.ts';
import type { Route, WebsiteContext } from '../route.ts';
import { toConditions } from './conversation-conditions.ts';
import { toOrder } from './conversation-order.ts';
import { type DateRange, isWithin, parseDateRange } from './date-range.ts';

const FILTERS = /^(filter_|search_)/;
// How long a search may be is not documented; that there is a limit is (`search_query_too_long`).
const MAX_SEARCH_LENGTH = 256;

/** `GET …/conversations/{page}`. What a query finds is kept until the website changes: a backfill walks many pages. */
export function createConversationListRoutes(): readonly Route[] {
  const keep = createRevisionCache<readonly CrispConversation[]>();

  return [
    {
      name: 'conversations',
      path: 'website/:website_id/conversations/:page',
      scope: 'website:conversation:sessions',
      about: 'website',
      answer(context) {
        const { website, query, params, switches } = context;
        const pageSize = toPerPage(query, switches);
        if (typeof pageSize !== 'number') return pageSize;
        const range = checkQuery(context);
        if ('status' in range) return range;

        const key = `${website.websiteId} ${switches.filterDateField} ${query}`;
        const found = keep(key, website.revision, () => find(context, range));
        // That this list answers 206 is documented: no switch for it.
        return pageOf(found, params.page, { pageSize, beyondEnd: switches.pageBeyondEnd });
      },
    },
  ];
}

function checkQuery({ query, switches }: WebsiteContext): DateRange | Reply {
  const isFiltered = [...query.keys()].some((name) => FILTERS.test(name));
  if (isFiltered && switches.listFilterPlan === 'upgrade-required') {
    return refused(402, 'subscription_upgrade_required');
  }
  if ((query.get('search_query') ?? '').length > MAX_SEARCH_LENGTH)
    return refused(400, 'search_query_too_long');
  if (query.get('search_type') === 'filter') return invalidData('filter searches are not simulated');
  return parseDateRange(query);
}

function find({ website, query, switches }: WebsiteContext, range: DateRange): readonly CrispConversation[] {
  const dateField = switches.filterDateField === 'updated' ? 'updated_at' : 'created_at';
  const conditions = toConditions(query);

  return [...website.conversations.values()]
    .filter(({ conversation }) => isWithin(range, conversation[dateField]))
    .filter((stored) => conditions.every((condition) => condition(stored)))
    .sort(toOrder(query))
    .map(({ conversation }) => conversation);
}
