import type { IncomingMessage, ServerResponse } from 'node:http';
import { Hono } from 'hono';
import { parseSessionId, parseWebsiteId } from '../ids.ts';
import { createAssets } from './assets.ts';
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

interface ConsoleOptions {
  /** Of this start; at least 128 bits. */
  readonly token: string;
}

/** Answers one request below `/console`. Never rejects. */
export type AnswerConsole = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;

interface Env {
  readonly Bindings: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };
}

export function createConsole(options: ConsoleOptions): AnswerConsole {
  const keys = createConsoleKeys(options.token);
  const app = createApp(keys);
  return async (incoming, outgoing) => {
    const answer = await dispatch(app, keys, incoming, outgoing).catch(toProblemAnswer);
    if (outgoing.headersSent) return;
    const body = Buffer.from(await answer.arrayBuffer());
    const headers = { ...Object.fromEntries(answer.headers), 'content-length': body.length };
    outgoing.writeHead(answer.status, { ...headers, ...SECURITY_HEADERS }).end(body);
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

function createApp(keys: ConsoleKeys): Hono<Env> {
  // The path as it was sent: that of a `Request` is tidied up (`..` is gone).
  const app = new Hono<Env>({
    getPath: (_request, context) => toPath((context?.env as Env['Bindings'] | undefined)?.incoming.url),
  });
  const assets = createAssets();

  for (const path of ['/console', '/console/', '/console/runs', '/console/dead-letters'])
    app.get(path, () => toPage());
  app.get('/console/conversations/:websiteId/:sessionId', (c) => {
    const { websiteId, sessionId } = c.req.param();
    if (!parseWebsiteId(websiteId) || !parseSessionId(sessionId)) throw new ConsoleProblem('not_found');
    return toPage();
  });
  app.get('/console/assets/page.js', async () => toText((await assets())['page.js'], 'text/javascript'));
  app.get('/console/assets/page.css', async () => toText((await assets())['page.css'], 'text/css'));

  app.post(SESSION_PATH, async (c) => {
    const { token } = await readJson(c.env.incoming);
    const cookie = exchangeToken(c.env.incoming, token, keys);
    return new Response('{}', { headers: { 'content-type': 'application/json', 'set-cookie': cookie } });
  });
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

const MAX_BODY_BYTES = 1024 * 1024;

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new ConsoleProblem('body_too_large');
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)),
    );
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // The parser's message quotes the text.
  }
  throw new ConsoleProblem('invalid_json', 'the body is not a JSON object in UTF-8');
}

function toProblemAnswer(thrown: unknown): Response {
  const { code, detail } =
    thrown instanceof ConsoleProblem
      ? thrown
      : new ConsoleProblem('unexpected', undefined, { cause: thrown });
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
