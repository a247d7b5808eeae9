import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { toProblemJson } from '../api/problem.ts';
import type { EventSourceMapping } from '../breaker/mapping.ts';
import type { Clock } from '../clock.ts';
import {
  createApp,
  explainForeignRequest,
  readBody,
  send,
  serveApp,
  toPath,
  toQuery,
} from './http-server.ts';

/** A function behind a Function URL. */
export type UrlFunction = (event: LambdaFunctionURLEvent) => Promise<LambdaFunctionURLResult>;

interface FrontDoorOptions {
  /** By path: a function gets its path and everything below it. */
  readonly functions: Readonly<Record<string, UrlFunction>>;
  /** The API below `/v1`, for programs of this machine. */
  readonly api?: UrlFunction;
  /** What is below `/console`, for this machine's browser; it refuses all others itself. */
  readonly console?: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
  /** What `GET /healthz` answers; undefined while the pipeline is not ready (503). */
  readonly health: () => object | undefined;
  /** What feeds the consumer, for the tools of this machine; absent: `/deliveries` is not found. */
  readonly deliveries?: EventSourceMapping;
  readonly port: number;
  readonly bodyLimitBytes: number;
  readonly clock: Clock;
}

export interface FrontDoor {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

// Lambda gives each request an instance of its own, whose time is not spent by the others. Here all share one thread: more
// at once would be done no sooner, and the last of a burst would run out of its time for SQS while it waits for the CPU.
const MOST_RUNNING = 16;

/** Runs at most so many at a time; the others begin in their order, and their time starts then. */
function createTurnstile(most: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async <Result>(run: () => Promise<Result>): Promise<Result> => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await run();
    } finally {
      // The place goes to the next one, so that nobody who comes later takes it.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}

/** Opens the one local HTTP port in front of the functions, on loopback alone. */
export async function openFrontDoor({
  functions,
  api,
  console,
  health,
  deliveries,
  port,
  bodyLimitBytes,
  clock,
}: FrontDoorOptions): Promise<FrontDoor> {
  const app = createApp();
  // For programs of this machine: it names every address there is. The functions are open to foreign hosts, so that a
  // tunnel can bring Crisp's hooks; their signatures are what they go by.
  app.all('/healthz', ({ env }) => {
    const foreign = explainForeignRequest(env.incoming.headers);
    if (foreign) return refuse(env.outgoing, 403, 'host_not_allowed');
    const state = health();
    return send(env.outgoing, state ? 200 : 503, JSON_BODY, JSON.stringify(state ?? { status: 'starting' }));
  });
  // What `status`, `pause` and `resume` ask for.
  if (deliveries) {
    const answer = async ({ incoming, outgoing }: HttpBindings, turn?: () => Promise<void>) => {
      if (explainForeignRequest(incoming.headers)) return refuse(outgoing, 403, 'host_not_allowed');
      await turn?.();
      return send(outgoing, 200, JSON_BODY, JSON.stringify({ deliveries: await deliveries.read() }));
    };
    app.get('/deliveries', ({ env }) => answer(env));
    app.post('/deliveries/on', ({ env }) => answer(env, deliveries.turnOn));
    app.post('/deliveries/off', ({ env }) => answer(env, deliveries.turnOff));
  }
  const invoke = (run: UrlFunction, refuseAs: Refuse) => {
    // Each function has its own turns: nobody who reads conversations keeps a hook waiting.
    const inTurn = createTurnstile(MOST_RUNNING);
    return async ({ incoming, outgoing }: HttpBindings) => {
      const requestId = randomUUID();
      const body = await readBody(incoming, bodyLimitBytes);
      if (!body) return refuseAs(outgoing, 413, 'body_too_large', requestId);
      return inTurn(() => run(toFunctionUrlEvent(incoming, body, { requestId, nowMs: clock.nowMs() }))).then(
        (result) => sendResult(outgoing, result),
        () => refuseAs(outgoing, 500, 'unexpected', requestId),
      );
    };
  };
  for (const [path, run] of Object.entries(functions)) {
    const answer = invoke(run, refuse);
    app.on('ALL', [path, `${path}/*`], ({ env }) => answer(env));
  }
  if (api) {
    const answer = invoke(api, refuseAsProblem);
    app.on('ALL', ['/v1', '/v1/*'], ({ env }) => {
      const foreign = explainForeignRequest(env.incoming.headers);
      return foreign ? refuseAsProblem(env.outgoing, 403, foreign.code) : answer(env);
    });
  }
  if (console) {
    app.on('ALL', ['/console', '/console/*'], async ({ env }) => {
      await console(env.incoming, env.outgoing);
      return RESPONSE_ALREADY_SENT;
    });
  }
  app.notFound(({ env }) => refuse(env.outgoing, 404, 'not_found'));
  app.onError((_error, { env }) => refuse(env.outgoing, 500, 'unexpected'));
  const { url, stop } = await serveApp(app, port);
  return { url, stop };
}

const JSON_BODY = { 'content-type': 'application/json' };

/** Every refusal has the form that the functions give theirs. What was not read of the request is not waited for. */
function refuse(outgoing: ServerResponse, status: number, error: string, requestId: string = randomUUID()) {
  const body = JSON.stringify({ error, request_id: requestId });
  return send(outgoing, status, { ...JSON_BODY, connection: 'close' }, body);
}

type Refuse = typeof refuse;

/** The form that the API gives its own refusals. */
function refuseAsProblem(
  outgoing: ServerResponse,
  status: number,
  code: string,
  requestId: string = randomUUID(),
) {
  const body = toProblemJson({ code, status, context: {} }, requestId);
  const headers = { 'content-type': 'application/problem+json', connection: 'close' };
  return send(outgoing, status, headers, JSON.stringify(body));
}

/** The event that a Lambda Function URL would make of a request: lower-case headers, repeated ones joined by a comma. */
function toFunctionUrlEvent(
  request: IncomingMessage,
  body: Buffer,
  { requestId, nowMs }: { readonly requestId: string; readonly nowMs: number },
): LambdaFunctionURLEvent {
  const { method = 'GET', url, rawHeaders, socket } = request;
  const headers = toHeaders(rawHeaders);
  const userAgent = headers['user-agent'] ?? '';
  const text = toText(body);
  const path = toPath(url);

  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: toQuery(url),
    headers,
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      domainName: headers.host ?? 'localhost',
      domainPrefix: 'local',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: socket.remoteAddress ?? '', userAgent },
      requestId,
      routeKey: '$default',
      stage: '$default',
      time: new Date(nowMs).toISOString(),
      timeEpoch: nowMs,
    },
    isBase64Encoded: text === undefined,
    ...(body.length > 0 && { body: text ?? body.toString('base64') }),
  };
}

function toHeaders(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = String(rawHeaders[i]).toLowerCase();
    const value = String(rawHeaders[i + 1]);
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]},${value}` : value;
  }
  return headers;
}

/** The body as text where the bytes are UTF-8, so that no byte changes on the way; else undefined. */
function toText(body: Buffer): string | undefined {
  const text = body.toString('utf8');
  return Buffer.from(text, 'utf8').equals(body) ? text : undefined;
}

/** The answer that a Function URL makes of a result: JSON unless it says otherwise. */
function sendResult(outgoing: ServerResponse, result: LambdaFunctionURLResult): Response {
  const {
    statusCode = 200,
    headers = {},
    body = '',
  } = typeof result === 'string' ? { body: result } : result;
  const sent = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
  return send(outgoing, statusCode, { ...JSON_BODY, ...Object.fromEntries(sent) }, body);
}
