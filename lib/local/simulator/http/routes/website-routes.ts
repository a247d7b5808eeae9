import { pageOf } from '../page-of.ts';
import { listed, resolved } from '../reply.ts';
import type { Route } from '../route.ts';

export const WEBSITE_ROUTES: readonly Route[] = [
  {
    name: 'website',
    path: 'website/:website_id',
    about: 'website',
    answer: ({ website }) => resolved(website.website),
  },
  {
    name: 'operators',
    path: 'website/:website_id/operators/list',
    about: 'website',
    answer: ({ website }) => listed(website.operators, { hasMore: false }),
  },
  {
    name: 'plugin-websites',
    path: 'plugin/connect/websites/all/:page',
    tier: 'plugin',
    about: 'account',
    answer: ({ store, params, switches }) =>
      pageOf(
        [...store.websites.values()]
          .filter(({ isSubscribed }) => isSubscribed)
          .map(({ websiteId }) => ({ website_id: websiteId, settings: {}, plan: { trialing: false } })),
        params.page,
        {
          pageSize: Math.max(1, switches.listPageSize),
          beyondEnd: switches.pageBeyondEnd,
          status: switches.listStatus,
        },
      ),
  },
];
