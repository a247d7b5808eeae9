import { findProfile } from '../../actions/bind-profile.ts';
import type { StoredProfile } from '../../store/create-store.ts';
import { pageOf } from '../page-of.ts';
import { type Reply, refused, resolved } from '../reply.ts';
import type { Route, WebsiteContext } from '../route.ts';
import { listProfiles } from './list-profiles.ts';

const PROFILES = 'website:people:profiles';
const PEOPLE = 'website/:website_id/people';

/** The CRM. `:people_id` may be an e-mail address everywhere. */
export const PEOPLE_ROUTES: readonly Route[] = [
  {
    name: 'profile',
    path: `${PEOPLE}/profile/:people_id`,
    hasHead: true,
    scope: PROFILES,
    isPeople: true,
    about: 'website',
    answer: ofProfile(({ profile }) => resolved(profile)),
  },
  {
    name: 'people-data',
    path: `${PEOPLE}/data/:people_id`,
    scope: PROFILES,
    isScopeConfirmed: false,
    isPeople: true,
    about: 'website',
    answer: ofProfile(({ data }) => resolved({ data })),
  },
  {
    name: 'people-subscription',
    path: `${PEOPLE}/subscription/:people_id`,
    scope: 'website:people:subscriptions',
    isPeople: true,
    about: 'website',
    answer: ofProfile(({ isSubscribedToEmail }) => resolved({ email: isSubscribedToEmail })),
  },
  {
    name: 'people-conversations',
    path: `${PEOPLE}/conversations/:people_id/list/:page`,
    scope: 'website:people:conversations',
    isScopeConfirmed: false,
    isPeople: true,
    about: 'website',
    answer: ofProfile(({ profile }, context) => listPage(sessionsOf(context, profile.people_id), context)),
  },
  ofNothing('people-events', 'events'),
  ofNothing('people-campaigns', 'campaigns'),
  {
    name: 'profiles',
    path: `${PEOPLE}/profiles/:page`,
    scope: PROFILES,
    isPeople: true,
    about: 'website',
    answer: listProfiles,
  },
  {
    name: 'people-stats',
    path: `${PEOPLE}/stats`,
    scope: PROFILES,
    isPeople: true,
    about: 'website',
    answer: ({ website }) => resolved({ total: website.profiles.size }),
  },
];

// Lists that exist for every profile, and that nothing in the simulator fills.
function ofNothing(name: string, segment: string): Route {
  return {
    name,
    path: `${PEOPLE}/${segment}/:people_id/list/:page`,
    scope: PROFILES,
    isScopeConfirmed: false,
    isPeople: true,
    about: 'website',
    answer: ofProfile((_profile, context) => listPage([], context)),
  };
}

function ofProfile(answer: (profile: StoredProfile, context: WebsiteContext) => Reply) {
  return (context: WebsiteContext): Reply => {
    const found = findProfile(context.website, context.params.people_id ?? '');
    return found === undefined ? refused(404, 'people_not_found') : answer(found, context);
  };
}

function sessionsOf({ website, query }: WebsiteContext, peopleId: string): readonly string[] {
  return [...website.conversations.values()]
    .filter(({ conversation }) => conversation.people_id === peopleId)
    .filter(({ conversation }) => query.get('filter_unread') !== '1' || conversation.unread.operator > 0)
    .filter(({ conversation }) => query.get('filter_resolved') !== '1' || conversation.state === 'resolved')
    .filter(
      ({ conversation }) => query.get('filter_not_resolved') !== '1' || conversation.state !== 'resolved',
    )
    .map(({ ref }) => ref.sessionId);
}

function listPage(items: readonly unknown[], { params, switches }: WebsiteContext): Reply {
  return pageOf(items, params.page, {
    pageSize: Math.max(1, switches.listPageSize),
    beyondEnd: switches.pageBeyondEnd,
    status: switches.listStatus,
  });
}
