import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import type { Clock } from '../../ports/clock.ts';
import { explainForeignRequest } from '../aws/explain-foreign-request.ts';
import { listenOnLoopback } from '../listen-on-loopback.ts';
import { readBody } from './read-body.ts';
import { refuseConnection } from './refuse-connection.ts';
import { toFunctionUrlEvent } from './to-function-url-event.ts';

/** A function behind a Function URL. */
export type UrlFunction = (event: LambdaFunctionURLEvent) => Promise<LambdaFunctionURLResult>;

export interface FrontDoorOptions {
  /** Longest prefix wins; a function gets its path and everything below it. */
  readonly functions: Readonly<Record<string, UrlFunction>>;
  /** What `GET /healthz` answers; undefined while the pipeline is not ready (503). */
  readonly health: () => object | undefined;
  readonly port: number;
  readonly bodyLimitBytes: number;
  readonly clock: Clock;
}

export interface FrontDoor {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

// A request that is not complete by then is given up (slow or stuck senders); Crisp's own clients wait ten seconds.
const REQUEST_TIMEOUT_MS = 10_000;

/** Opens the one local HTTP port in front of the functions, on loopback alone. */
export async function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 1000 },
    (request, response) => {
      const requestId = randomUUID();
      answer(request, response, { ...options, requestId }).catch(() =>
        refuse(response, 500, 'unexpected', requestId),
      );
    },
  );
  server.on('clientError', refuseConnection);
  const { url, stop } = await listenOnLoopback(server, options.port);
  return { url, stop };
}

interface Answering extends FrontDoorOptions {
  readonly requestId: string;
}

async function answer(request: IncomingMessage, response: ServerResponse, options: Answering): Promise<void> {
  const { requestId } = options;
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  if (path === '/healthz') return sendHealth(request, response, options);

  const invoke = findFunction(path, options.functions);
  if (!invoke) return refuse(response, 404, 'not_found', requestId);

  const body = await readBody(request, options.bodyLimitBytes);
  if (!body) return refuse(response, 413, 'body_too_large', requestId);

  const result = await invoke(
    toFunctionUrlEvent({
      method: request.method ?? 'GET',
      url: request.url ?? '/',
      rawHeaders: request.rawHeaders,
      body,
      sourceIp: request.socket.remoteAddress ?? '',
      requestId,
      nowMs: options.clock.nowMs(),
    }),
  );
  sendResult(response, result);
}

function findFunction(path: string, functions: FrontDoorOptions['functions']): UrlFunction | undefined {
  const [match] = Object.keys(functions)
    .filter((prefix) => path === prefix || path.startsWith(`${prefix}/`))
    .sort((a, b) => b.length - a.length);
  return match === undefined ? undefined : functions[match];
}

/**
 * For programs of this machine: it names every address there is. The functions are open to foreign hosts, so that a
 * tunnel can bring Crisp's hooks; their signatures are what they go by.
 */
function sendHealth(
  request: IncomingMessage,
  response: ServerResponse,
  { health, requestId }: Answering,
): void {
  if (explainForeignRequest(request.headers)) {
    refuse(response, 403, 'host_not_allowed', requestId);
    return;
  }
  const state = health();
  send(response, state ? 200 : 503, state ?? { status: 'starting' });
}

/** Every refusal has the form that the functions give theirs. What was not read of the request is not waited for. */
function refuse(response: ServerResponse, status: number, error: string, requestId: string): void {
  send(response, status, { error, request_id: requestId }, { connection: 'close' });
}

function send(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function sendResult(response: ServerResponse, result: LambdaFunctionURLResult): void {
  const { statusCode = 200, headers, body = '' } = typeof result === 'string' ? { body: result } : result;
  response.writeHead(statusCode, toHeaderRecord(headers));
  response.end(body);
}

function toHeaderRecord(
  headers: Record<string, boolean | number | string> | undefined,
): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]));
}
