import type { ServerResponse } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Clock } from '../../clock.ts';
import { parseSessionId, parseWebsiteId, type SessionRef } from '../../ids.ts';
import {
  createApp,
  explainForeignRequest,
  isTooLarge,
  type ListeningServer,
  serveApp,
  toPath,
  toQuery,
} from '../http-server.ts';
import { BODY_LIMIT_BYTES, createReadCache, type FaultEffect, refuseBody } from './limits.ts';
import { type Reply, ROUTES, type Route, refused } from './routes.ts';
import type { Account, Workspace } from './workspace.ts';

/** Listens on 127.0.0.1. Port 0 takes a free one; a busy port rejects with `EADDRINUSE`. */
export async function listen(workspace: Workspace, clock: Clock, port: number): Promise<ListeningServer> {
  const stopping = new AbortController();
  const api = createApi(workspace, clock, stopping.signal);
  const app = createApp();
  app.use('*', async ({ env: { incoming, outgoing } }, next) => {
    // Node would send the machine's own time; the simulator's is that of its clock.
    outgoing.sendDate = false;
    const foreign = explainForeignRequest(incoming.headers);
    if (foreign) return Response.json({ error: foreign.code }, { status: 403 });
    if (isTooLarge(incoming, BODY_LIMIT_BYTES)) return refuseBody();
    return next();
  });
  app.all('/_simulator/*', async ({ env, req }) => {
    const { createControl } = await import('./control.ts');
    return createControl(workspace, clock).fetch(req.raw, env);
  });
  for (const route of ROUTES) app.get(route.path, ({ env, req }) => api(env, route, req.param()));
  app.notFound(({ env }) => api(env, undefined, {}));
  app.onError((_error, { env }) => {
    // Cut off by the end of the server, or half written: there is no answer to it any more.
    env.outgoing.destroy();
    return RESPONSE_ALREADY_SENT;
  });
  const server = await serveApp(app, port);

  return {
    ...server,
    stop() {
      stopping.abort();
      return server.stop();
    },
  };
}

interface ApiAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The REST API: every call is one request, counted when its answer is decided. */
function createApi(workspace: Workspace, clock: Clock, signal: AbortSignal) {
  const { counters, faults, drawLatencyMs } = workspace;
  const respond = createResponder(workspace, clock);

  return async ({ incoming, outgoing }: HttpBindings, found: Route | undefined, params: Params) => {
    // Bodies of writes are not simulated, but must be read for the connection to live on.
    incoming.resume();
    const latencyMs = drawLatencyMs();
    if (latencyMs > 0) await clock.sleep(latencyMs, signal);

    const { method = 'GET', url } = incoming;
    const isFound = isDecodable(toPath(url)) && (method !== 'HEAD' || found?.hasHead);
    const route = isFound ? found : undefined;
    const session = route && toSession(params);
    const routeName = route?.name ?? 'unknown';
    const effect = faults.take({ route: routeName, sessionId: session?.sessionId });
    const answer =
      effect?.kind === 'answer' ? toAnswer({ data: {}, ...effect }) : respond(incoming, route, params);
    const isUnanswered = effect?.kind === 'reset' || effect?.kind === 'hang';
    const status = isUnanswered ? effect.kind : effect?.kind === 'body' ? effect.status : answer.status;
    counters.countRequest({ method, route: routeName, status, session });

    outgoing.setHeader('Date', new Date(clock.nowMs()).toUTCString());
    await writeAnswer(outgoing, answer, { effect, isHead: method === 'HEAD', clock, signal });
    return RESPONSE_ALREADY_SENT;
  };
}

type Params = Readonly<Record<string, string>>;

// A lone % is no path of any route.
function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function toSession(params: Params): SessionRef | undefined {
  const websiteId = parseWebsiteId(params.website_id);
  const sessionId = parseSessionId(params.session_id);
  return websiteId === undefined || sessionId === undefined ? undefined : { websiteId, sessionId };
}

/** What the API answers where no fault meets the request. */
function createResponder({ switches, store, account, counters, limits }: Workspace, clock: Clock) {
  const cache = createReadCache();

  return (
    { url = '', headers }: HttpBindings['incoming'],
    route: Route | undefined,
    params: Params,
  ): ApiAnswer => {
    const nowMs = clock.nowMs();
    if (route === undefined) return toAnswer(refused(404, 'not_found', 'the route does not exist'));
    const { token, tier } = account;
    const authorization = `Basic ${Buffer.from(`${token.identifier}:${token.key}`).toString('base64')}`;
    if (headers.authorization !== authorization || headers['x-crisp-tier'] !== tier)
      return toAnswer(refused(switches.invalidSessionStatus, 'invalid_session'));
    const early = limits.checkRate(nowMs);
    if (early) return toAnswer(early);

    const hit = cache.find(url, nowMs, switches.cacheStaleMs);
    const isFree = hit !== undefined && switches.cachedReads === 'free';
    const refusal = (isFree ? undefined : limits.spendQuota(nowMs)) ?? checkPermission(route, account);
    if (refusal) return toAnswer(refusal);
    if (hit !== undefined) {
      counters.countCacheHit();
      return { ...hit, headers: { 'Bloom-Status': 'HIT' } };
    }

    const query = new URLSearchParams(toQuery(url));
    const answer = toAnswer(route.answer({ store, switches, params, query }));
    if (switches.cacheStaleMs === 0 || answer.status >= 400) return answer;
    cache.keep(url, answer, nowMs);
    return { ...answer, headers: { ...answer.headers, 'Bloom-Status': 'MISS' } };
  };
}

/** Refuses a route that the token's tier or scopes do not open, or returns undefined. */
function checkPermission(route: Route, { tier, scopes }: Account): Reply | undefined {
  if (route.tier !== undefined && route.tier !== tier) return refused(403, 'restricted_route_tier');
  const isAllowed = route.scope === undefined || (scopes?.has(route.scope) ?? true);
  return isAllowed ? undefined : refused(403, 'not_allowed');
}

/** In Crisp's envelope. */
function toAnswer({ status, reason, data, headers }: Reply): ApiAnswer {
  const body = JSON.stringify({ error: status >= 400, reason, data });
  return { status, body, headers: { 'Bloom-Status': 'DIRECT', ...headers } };
}

interface WriteOptions {
  readonly effect: FaultEffect | undefined;
  readonly isHead: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Sends an answer, in the way that its fault asks for. */
async function writeAnswer(
  response: ServerResponse,
  { status, ...answer }: ApiAnswer,
  { effect, isHead, clock, signal }: WriteOptions,
): Promise<void> {
  const body = Buffer.from(isHead ? '' : answer.body);
  const headers = { 'Content-Type': 'application/json; charset=utf-8', ...answer.headers };
  const whole = { ...headers, 'Content-Length': String(body.length) };
  const half = body.subarray(0, Math.ceil(body.length / 2));

  switch (effect?.kind) {
    case 'hang':
      return;
    case 'reset':
      if (effect.at === 'before-headers') return reset(response);
      response.writeHead(status, whole).write(half, () => reset(response));
      return;
    case 'truncate':
      response.writeHead(status, headers).end(half);
      return;
    case 'trickle':
      response.writeHead(status, whole);
      for (let start = 0; start < body.length; start += effect.bytes) {
        response.write(body.subarray(start, start + effect.bytes));
        await clock.sleep(effect.everyMs, signal);
      }
      response.end();
      return;
    case 'body':
      response.writeHead(effect.status, { ...headers, ...effect.headers });
      response.end(Buffer.from(effect.body, effect.encoding ?? 'utf8'));
      return;
    case 'error-flag':
      response.writeHead(status, headers);
      response.end(JSON.stringify({ ...JSON.parse(answer.body), error: true, reason: effect.reason }));
      return;
    case 'delay':
      await clock.sleep(effect.delayMs, signal);
      break;
    case 'answer':
    case undefined:
  }
  response.writeHead(status, whole).end(body);
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}
