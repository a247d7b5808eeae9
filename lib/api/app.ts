import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import * as z from 'zod';
import type { ApiKey, ApiScope } from '../config/api-keys.ts';
import type { Inclusion } from '../config/config.ts';
import { INCLUSIONS } from '../config/variables.ts';
import { answerOnce } from './answer-once.ts';
import type { ApiContext, ApiRequest } from './context.ts';
import { type ApiAnswer, readArchived, readConversation } from './conversation.ts';
import { toOpenApiDocument } from './document.ts';
import { enqueueConversations } from './enqueue.ts';
import { authenticate } from './keys.ts';
import { ApiProblem, toApiProblem, toLogDetail, toProblemJson } from './problem.ts';
import {
  getConversationRoute,
  getStatusRoute,
  listRunsRoute,
  listSessionRunsRoute,
  postConversationsRoute,
  redriveRoute,
  toScope,
} from './routes.ts';
import { findSession } from './sessions.ts';
import { readRuns, readStageStatus, redrive, toInvalidRequest } from './stage.ts';

interface Env {
  readonly Bindings: { readonly request: ApiRequest };
  readonly Variables: { caller: ApiKey };
}

const DOCUMENT_PATH = '/v1/openapi.json';

const ROUTES = [
  getConversationRoute,
  postConversationsRoute,
  listRunsRoute,
  listSessionRunsRoute,
  getStatusRoute,
  redriveRoute,
];

/** Answers a request; whatever fails is a problem in JSON. Never rejects. */
export type AnswerApi = (request: ApiRequest) => Promise<ApiAnswer>;

export function createApi(context: ApiContext): AnswerApi {
  const app = createApp(context);
  return async (request) => {
    const { clock, telemetry } = context;
    const startedMs = clock.nowMs();
    try {
      const answer = await dispatch(app, request);
      const { method, path } = request;
      const durationMs = clock.nowMs() - startedMs;
      const route = findRoute(path)?.path ?? path;
      telemetry.emit({
        name: 'api-answered',
        route: `${method} ${route}`,
        status: answer.status,
        durationMs,
      });
      return answer;
    } catch (thrown) {
      const problem = toApiProblem(thrown);
      const { code, status } = problem;
      const detail = toLogDetail(problem);
      telemetry.emit({ name: 'api-refused', code, status, ...(detail !== undefined && { detail }) });
      return toProblemAnswer(problem, request.requestId);
    }
  };
}

/** Answers as long as it can; throws what stands in the way. */
async function dispatch(app: OpenAPIHono<Env>, request: ApiRequest): Promise<ApiAnswer> {
  const { method, path, query } = request;
  if (method !== 'GET' && method !== 'POST') {
    const allow = findRoute(path)?.methods ?? ['GET', 'POST'];
    throw new ApiProblem('method_not_allowed', { allow: allow.join(', ') });
  }
  const target = new Request(`https://api/?${query}`, { method });
  const response = await app.fetch(target, { request });
  return {
    status: response.status,
    body: await response.text(),
    headers: Object.fromEntries(response.headers),
  };
}

function createApp(context: ApiContext): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>({
    getPath: (_request, options) => toPath(options?.env),
    defaultHook(result) {
      if (!result.success) throw toInvalidRequest(new z.ZodError(result.error.issues));
    },
  });
  for (const route of ROUTES)
    app.on(route.method, route.getRoutingPath(), authorize(context, toScope(route)));

  app.openapi(getConversationRoute, async (c) => {
    const { from, include, website_id } = c.req.valid('query');
    const session = await findSession(context, { ...c.req.valid('param'), website_id });
    if (from === 'archive') return toResponse(await readArchived(context, session));
    return toResponse(
      await readConversation(context, session, toInclusions(include) ?? context.config.include),
    );
  });
  app.openapi(postConversationsRoute, async (c) => {
    const { request } = c.env;
    const once = { request, caller: c.get('caller') };
    return toResponse(
      await answerOnce(context, once, () => enqueueConversations(context, readJson(request))),
    );
  });
  app.openapi(listRunsRoute, async (c) => toResponse(await readRuns(context, toLimit(c.req.valid('query')))));
  app.openapi(listSessionRunsRoute, async (c) => {
    const query = c.req.valid('query');
    const session = await findSession(context, { ...c.req.valid('param'), website_id: query.website_id });
    return toResponse(await readRuns(context, { session, ...toLimit(query) }));
  });
  app.openapi(getStatusRoute, async () => toResponse(await readStageStatus(context)));
  app.openapi(redriveRoute, async (c) => {
    const { request } = c.env;
    const once = { request, caller: c.get('caller') };
    const run = () => redrive(context, request.body.length === 0 ? {} : readJson(request));
    return toResponse(await answerOnce(context, once, run));
  });

  let document: string | undefined;
  app.get(DOCUMENT_PATH, () => {
    document ??= JSON.stringify(toOpenApiDocument(app));
    return toResponse({ status: 200, body: document });
  });
  app.notFound((c) => {
    const route = findRoute(c.env.request.path);
    if (!route) throw new ApiProblem('not_found', { detail: `see ${DOCUMENT_PATH}` });
    throw new ApiProblem('method_not_allowed', { allow: route.methods.join(', ') });
  });
  app.onError((thrown) => {
    throw thrown;
  });
  return app;
}

// The library knows nothing of what it was handed by `dispatch`.
function toPath(env: object | undefined): string {
  return (env as Env['Bindings']).request.path;
}

/** Before anything else is looked at: without a key nobody learns what a request should be like. */
function authorize({ secrets }: ApiContext, scope: ApiScope): MiddlewareHandler<Env> {
  return async (c, next) => {
    c.set('caller', await authenticate(secrets, c.env.request.headers.authorization, scope));
    await next();
  };
}

/** The route of a path, with the methods that it has. */
function findRoute(path: string): { readonly path: string; readonly methods: readonly string[] } | undefined {
  if (path === DOCUMENT_PATH) return { path, methods: ['GET'] };
  const same = ROUTES.filter((route) => toPattern(route.path).test(path));
  return same[0] && { path: same[0].path, methods: same.map(({ method }) => method.toUpperCase()) };
}

function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);
}

const MAX_BODY_BYTES = 256 * 1024;

function readJson({ headers, body }: ApiRequest): unknown {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new ApiProblem('content_type_not_supported', { detail: 'expected application/json' });
  }
  if (body.length > MAX_BODY_BYTES) {
    throw new ApiProblem('body_too_large', { detail: `more than ${MAX_BODY_BYTES} bytes` });
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    // The parser's message quotes the text.
    throw new ApiProblem('invalid_json', { detail: 'the body is not JSON in UTF-8' });
  }
}

function toLimit({ limit }: { readonly limit?: string | undefined }) {
  return { limit: limit === undefined ? undefined : Number(limit) };
}

function toInclusions(include: string | undefined): readonly Inclusion[] | undefined {
  const asked = include?.split(',');
  return asked && INCLUSIONS.filter((inclusion) => asked.includes(inclusion));
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

// The library's types know answers that it has written itself; ours are JSON texts already.
function toResponse({ status, body, headers }: ApiAnswer): never {
  const all = { ...HEADERS, 'content-type': 'application/json', ...headers };
  return new Response(body, { status, headers: all }) as never;
}

function toProblemAnswer(problem: ApiProblem, requestId: string): ApiAnswer {
  const { status, context } = problem;
  return {
    status,
    body: JSON.stringify(toProblemJson(problem, requestId)),
    headers: {
      ...HEADERS,
      'content-type': 'application/problem+json',
      ...(status === 401 && { 'www-authenticate': 'Bearer' }),
      ...(context.allow !== undefined && { allow: context.allow }),
      ...(context.retryAfterSeconds !== undefined && { 'retry-after': String(context.retryAfterSeconds) }),
    },
  };
}
