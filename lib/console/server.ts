import type { IncomingMessage, ServerResponse } from 'node:http';
import { Hono } from 'hono';
import { JobError, OperationError } from '../errors.ts';
import { parseSessionRef } from '../ids.ts';
import { type ConsoleApi, createConsoleApi, type Env, readJson } from './api.ts';
import { createAssets } from './assets.ts';
import type { ConsoleOptions } from './context.ts';
import {
  CONSOLE_PROBLEMS,
  type ConsoleKeys,
  ConsoleProblem,
  createConsoleKeys,
  exchangeToken,
  refuseForeignRequest,
  refuseSimplePost,
  refuseWithoutHeader,
  refuseWithoutSession,
  SECURITY_HEADERS,
} from './guard.ts';
import type { Problem } from './model.ts';

/** One console; `answer` never rejects. */
export interface Console {
  /** Answers one request below `/console`. */
  readonly answer: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
  /** Ends what runs, and the open streams with it. */
  readonly stop: () => Promise<void>;
}

export function createConsole(options: ConsoleOptions): Console {
  const keys = createConsoleKeys(options.token);
  const api = createConsoleApi(options);
  const app = createApp(keys, api);
  return {
    async answer(incoming, outgoing) {
      const answer = await dispatch(app, keys, incoming, outgoing).catch(toProblemAnswer);
      if (outgoing.headersSent) return;
      const body = Buffer.from(await answer.arrayBuffer());
      const headers = { ...Object.fromEntries(answer.headers), 'content-length': body.length };
      outgoing.writeHead(answer.status, { ...headers, ...SECURITY_HEADERS }).end(body);
    },
    stop: api.stop,
  };
}

/** Refuses what may not pass, in this order: nobody learns anything before the request is known to be ours. */
async function dispatch(
  app: Hono<Env>,
  keys: ConsoleKeys,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<Response> {
  refuseForeignRequest(incoming);
  const { method = 'GET', url = '/' } = incoming;
  if (method !== 'GET' && method !== 'POST') throw new ConsoleProblem('method_not_allowed');
  const path = toPath(url);
  if (method === 'POST') refuseSimplePost(incoming);
  if (path.startsWith('/console/api/') && path !== SESSION_PATH) refuseWithoutSession(incoming, keys);
  if (method === 'POST') refuseWithoutHeader(incoming);
  const query = url.slice(path.length);
  return app.fetch(new Request(`http://console/${query}`, { method }), { incoming, outgoing });
}

const SESSION_PATH = '/console/api/session';

function createApp(keys: ConsoleKeys, api: ConsoleApi): Hono<Env> {
  // The path as it was sent: that of a `Request` is tidied up (`..` is gone).
  const app = new Hono<Env>({
    getPath: (_request, context) => toPath((context?.env as Env['Bindings'] | undefined)?.incoming.url),
  });
  const assets = createAssets();

  for (const path of ['/console', '/console/', '/console/runs', '/console/dead-letters'])
    app.get(path, () => toPage());
  app.get('/console/conversations/:websiteId/:sessionId', (c) => {
    const { websiteId, sessionId } = c.req.param();
    if (!parseSessionRef(websiteId, sessionId)) throw new ConsoleProblem('not_found');
    return toPage();
  });
  app.get('/console/assets/page.js', async () => toText((await assets())['page.js'], 'text/javascript'));
  app.get('/console/assets/page.css', async () => toText((await assets())['page.css'], 'text/css'));

  app.post(SESSION_PATH, async (c) => {
    const { token } = await readJson(c.env.incoming);
    const cookie = exchangeToken(c.env.incoming, token, keys);
    return new Response('{}', { headers: { 'content-type': 'application/json', 'set-cookie': cookie } });
  });
  api.mount(app);
  app.notFound(() => {
    throw new ConsoleProblem('not_found');
  });
  app.onError((thrown) => {
    throw thrown;
  });
  return app;
}

function toPath(target = '/'): string {
  return target.split('?', 1)[0] ?? '/';
}

// No data is in it: what it shows is fetched with the session's cookie.
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>crisp-enrich</title>
<link rel="stylesheet" href="/console/assets/page.css">
<script type="module" src="/console/assets/page.js"></script>
</head>
<body></body>
</html>
`;

function toPage(): Response {
  return toText(PAGE, 'text/html');
}

function toText(text: string, type: string): Response {
  return new Response(text, { headers: { 'content-type': `${type}; charset=utf-8` } });
}

function toProblemAnswer(thrown: unknown): Response {
  const { code, detail } = toConsoleProblem(thrown);
  const status = CONSOLE_PROBLEMS[code];
  const problem: Problem = {
    type: 'about:blank',
    title: code.replaceAll('_', ' '),
    status,
    code,
    ...(detail !== undefined && { detail }),
  };
  return new Response(JSON.stringify(problem), {
    status,
    headers: { 'content-type': 'application/problem+json' },
  });
}

/** What a stage says of itself is shown, where a call to it failed; a defect shows nothing. */
function toConsoleProblem(thrown: unknown): ConsoleProblem {
  if (thrown instanceof ConsoleProblem) return thrown;
  if (thrown instanceof OperationError || (thrown instanceof JobError && thrown.code !== 'unexpected'))
    return new ConsoleProblem('stage_unavailable', thrown.message, { cause: thrown });
  return new ConsoleProblem('unexpected', undefined, { cause: thrown });
}
