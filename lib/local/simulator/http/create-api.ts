import { parseSessionId, parseWebsiteId, type SessionRef } from '../../../core/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Account } from '../account.ts';
import type { Counters } from '../counters.ts';
import type { Limits } from '../limits/create-limits.ts';
import type { Store } from '../store/create-store.ts';
import type { Switches } from '../switches.ts';
import { answerRoute } from './answer-route.ts';
import { checkCredentials, checkPermission } from './check-access.ts';
import type { FaultEffect, Faults } from './create-faults.ts';
import { createReadCache } from './create-read-cache.ts';
import { createRouteMatcher, type RouteMatch } from './match-route.ts';
import { type Reply, routeUnknown, toEnvelope } from './reply.ts';
import { CONVERSATION_ROUTES } from './routes/conversation-routes.ts';
import { createConversationListRoutes } from './routes/list-conversations.ts';
import { MESSAGE_ROUTES } from './routes/message-routes.ts';
import { PEOPLE_ROUTES } from './routes/people-routes.ts';
import { SIDE_LIST_ROUTES } from './routes/side-list-routes.ts';
import { WEBSITE_ROUTES } from './routes/website-routes.ts';

export interface ApiDeps {
  readonly clock: Clock;
  readonly switches: Switches;
  readonly store: Store;
  readonly account: Account;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly faults: Faults;
}

export interface ApiRequest {
  readonly method: string;
  /** Raw, below `/v1/`, without the query. */
  readonly path: string;
  /** Raw, without the question mark. */
  readonly search: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A fault in how the answer travels. */
  readonly effect?: FaultEffect | undefined;
}

/** The REST API below `/v1/`: every call is one request, counted. */
export function createApi(deps: ApiDeps): (request: ApiRequest) => ApiAnswer {
  const matchRoute = createRouteMatcher([
    ...WEBSITE_ROUTES,
    ...CONVERSATION_ROUTES,
    ...MESSAGE_ROUTES,
    ...SIDE_LIST_ROUTES,
    ...createConversationListRoutes(),
    ...PEOPLE_ROUTES,
  ]);
  const respond = createResponder(deps);

  return (request) => {
    const match = matchRoute(request.method, request.path);
    const session = toSession(match);
    const route = match?.route.name ?? 'unknown';
    const effect = deps.faults.take({ route, sessionId: session?.sessionId });

    const answer = effect?.kind === 'answer' ? toFaultAnswer(effect) : respond(request, match);
    const status = toCountedStatus(answer, effect);
    deps.counters.countRequest({ method: request.method, route, status, session });
    return { ...answer, effect };
  };
}

function createResponder({ clock, switches, store, account, counters, limits }: ApiDeps) {
  const cache = createReadCache();

  return (request: ApiRequest, match: RouteMatch | undefined): ApiAnswer => {
    const nowMs = clock.nowMs();
    if (match === undefined) return toAnswer(routeUnknown());
    const refusal = checkCredentials(request.headers, account, switches) ?? limits.checkRate(nowMs);
    if (refusal !== undefined) return toAnswer(refusal);

    const url = `${request.path}?${request.search}`;
    const hit = cache.find(url, nowMs, switches.cacheStaleMs);
    if (hit === undefined || switches.cachedReads === 'counted') {
      const spent = limits.spendQuota(nowMs);
      if (spent !== undefined) return toAnswer(spent);
    }
    const closed = checkPermission(match.route, account, switches);
    if (closed !== undefined) return toAnswer(closed);
    if (hit !== undefined) {
      counters.countCacheHit();
      return { ...hit, headers: { 'Bloom-Status': 'HIT' } };
    }

    const answer = toAnswer(answerRoute(match, new URLSearchParams(request.search), { store, switches }));
    if (switches.cacheStaleMs === 0 || answer.status >= 400) return answer;
    cache.keep(url, { status: answer.status, body: answer.body, storedMs: nowMs });
    return { ...answer, headers: { ...answer.headers, 'Bloom-Status': 'MISS' } };
  };
}

function toAnswer(reply: Reply): ApiAnswer {
  const headers = { 'Bloom-Status': 'DIRECT', ...reply.headers };
  return { status: reply.status, body: toEnvelope(reply), headers };
}

function toFaultAnswer({ status, reason, data = {}, headers }: FaultEffect & { kind: 'answer' }): ApiAnswer {
  return toAnswer({ status, reason, data, ...(headers === undefined ? {} : { headers }) });
}

function toCountedStatus({ status }: ApiAnswer, effect: FaultEffect | undefined): number | 'reset' | 'hang' {
  if (effect?.kind === 'reset' || effect?.kind === 'hang') return effect.kind;
  return effect?.kind === 'body' ? effect.status : status;
}

function toSession(match: RouteMatch | undefined): SessionRef | undefined {
  const websiteId = parseWebsiteId(match?.params.website_id);
  const sessionId = parseSessionId(match?.params.session_id);
  return websiteId === undefined || sessionId === undefined ? undefined : { websiteId, sessionId };
}
