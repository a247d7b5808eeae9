import { randomUUID } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { isLoopbackName } from '../text.ts';
import { type RequestedPort, UsageError } from './options.ts';

// What every listener of local mode has in common: loopback alone, limits on what is sent to it, no web page of a browser.
const LOOPBACK = '127.0.0.1';

export interface ListeningServer {
  /** `http://127.0.0.1:PORT`, without a path. */
  readonly url: string;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

export type App = Hono<{ Bindings: HttpBindings }>;

/**
 * An app whose routes are matched against the path as it stood in the request line. The path of a `Request` is tidied up
 * (`..` is gone), and a client that lets an id climb out of its segment would not be seen.
 */
export function createApp(): App {
  return new Hono<{ Bindings: HttpBindings }>({
    getPath: (_request, options) => toPath(options?.env?.incoming.url),
  });
}

/** Answers past `Response`, whose streams cost more than all the rest of a small answer. */
export function send(
  outgoing: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): Response {
  if (!outgoing.headersSent) outgoing.writeHead(status, headers).end(body);
  return RESPONSE_ALREADY_SENT;
}

/** The path of a request target, without its query. */
export function toPath(target = '/'): string {
  return target.split('?', 1)[0] ?? '/';
}

/** The query of a request target, without the question mark. */
export function toQuery(target = '/'): string {
  const start = target.indexOf('?');
  return start === -1 ? '' : target.slice(start + 1);
}

// A request without a Host is refused by the app, as one with a wrong Host is, where it matters.
const LISTENER = { connectionsCheckingInterval: 1000, requireHostHeader: false };

/** Serves an app on 127.0.0.1; port 0 takes any free one. Rejects with the system's error, e.g. `EADDRINUSE`. */
export function serveApp(app: App, port: number): Promise<ListeningServer> {
  const server = createServer(LISTENER, (incoming, outgoing) => {
    const bindings: HttpBindings = { incoming, outgoing };
    const listener = getRequestListener((request) => app.fetch(request, bindings), {
      hostname: 'localhost',
      overrideGlobalObjects: false,
      // A target or a Host that no URL can be made of: the app sees the request all the same, and refuses it itself.
      errorHandler: () => app.fetch(withMethod(new Request('http://localhost/'), incoming.method), bindings),
    });
    listener(incoming, outgoing).catch(() => outgoing.destroy());
  });
  limitServer(server);
  server.on('clientError', refuseConnection);
  return listenOnLoopback(server, port);
}

function withMethod(request: Request, method = 'GET'): Request {
  // A constructed request takes no method that browsers forbid.
  return Object.defineProperty(request, 'method', { value: method });
}

// A request that is not complete by then is given up (slow or stuck senders); Crisp's own clients wait ten seconds.
const REQUEST_TIMEOUT_MS = 10_000;

/** Sets the limits that a server has for what is sent to it. Headers have Node's own limit, 16 KiB. */
export function limitServer(httpServer: Server): void {
  httpServer.requestTimeout = REQUEST_TIMEOUT_MS;
  httpServer.headersTimeout = REQUEST_TIMEOUT_MS;
}

export async function listenOnLoopback(httpServer: Server, port: number): Promise<ListeningServer> {
  await new Promise<void>((resolve, reject) => {
    httpServer.once('error', reject);
    httpServer.listen(port, LOOPBACK, () => {
      httpServer.off('error', reject);
      resolve();
    });
  });
  // A TCP httpServer that is listening has an address with a port.
  const { port: actualPort } = httpServer.address() as AddressInfo;
  return { url: `http://${LOOPBACK}:${actualPort}`, port: actualPort, stop: () => closeServer(httpServer) };
}

/**
 * Listens on the requested port. A default port that is in use gives way to any free one; one that was asked for is
 * answered with a `UsageError`, because somebody counts on it.
 */
export async function listenOrGiveWay<Server>(
  { port, isDefault }: RequestedPort,
  listen: (port: number) => Promise<Server>,
): Promise<Server> {
  try {
    return await listen(port);
  } catch (error) {
    if (!isInUse(error)) throw error;
    if (isDefault) return listen(0);
    throw new UsageError(`port ${port} is in use (try 0 for a free one)`, { cause: error });
  }
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function closeServer(httpServer: Server): Promise<void> {
  return new Promise((resolve) => {
    httpServer.close(() => resolve());
    httpServer.closeAllConnections();
  });
}

/**
 * Reads a request's body up to a limit. Undefined where it is larger: reading stops there, so that nobody fills the
 * memory; the connection is then of no further use.
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  if (isTooLarge(request, limitBytes)) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > limitBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Whether a request says of itself that its body is larger. */
export function isTooLarge({ headers }: IncomingMessage, limitBytes: number): boolean {
  return Number(headers['content-length'] ?? 0) > limitBytes;
}

/** True for a host (with or without a port, as in a `Host` header or `URL.host`) that can only be this machine. */
export function isLoopbackHost(host: string | undefined): boolean {
  if (host === undefined) return false;
  const name = host.replace(/:\d{1,5}$/, '').toLowerCase();
  return isLoopbackName(name) || name.endsWith('.localhost');
}

/** Why a request is refused, as a code for programs and a sentence for people. */
interface ForeignRequest {
  readonly code: 'host_not_allowed' | 'origin_not_allowed';
  readonly reason: string;
}

/**
 * Returns why a request cannot be one of this machine's programs, or undefined for one that may pass. Servers that check no
 * credentials keep web pages of the developer's browser out by this: a `Host` that is this machine (a page can point its
 * own name at 127.0.0.1), and no `Origin` (only browsers send it; a form can be posted anywhere without asking).
 */
export function explainForeignRequest(headers: IncomingHttpHeaders): ForeignRequest | undefined {
  if (!isLoopbackHost(headers.host)) {
    return { code: 'host_not_allowed', reason: 'The Host header must name this machine' };
  }
  const site = headers['sec-fetch-site'] ?? 'none';
  const isFromPage = headers.origin !== undefined || (site !== 'none' && site !== 'same-origin');
  return isFromPage ? { code: 'origin_not_allowed', reason: 'Requests of web pages are refused' } : undefined;
}

/** What Node's HTTP parser found wrong with a connection, as status and code of our reply. */
const REFUSALS: Record<string, readonly [status: string, code: string]> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'headers_too_large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'request_timeout'],
  HPE_INVALID_EOF_STATE: ['400 Bad Request', 'bad_length'],
  HPE_INVALID_CONTENT_LENGTH: ['400 Bad Request', 'bad_length'],
  HPE_UNEXPECTED_CONTENT_LENGTH: ['400 Bad Request', 'bad_length'],
  HPE_INVALID_TRANSFER_ENCODING: ['400 Bad Request', 'bad_length'],
};

/** Answers a connection that sent no readable HTTP request, and closes it. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, code] = REFUSALS[error.code ?? ''] ?? ['400 Bad Request', 'bad_request'];
  const body = JSON.stringify({ error: code, request_id: randomUUID() });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}
