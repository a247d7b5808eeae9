import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../../ports/clock.ts';
import type { ApiAnswer, ApiRequest } from './create-api.ts';
import { writeAnswer } from './write-answer.ts';

export interface ListeningServer {
  /** `http://127.0.0.1:PORT`, without a path. */
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

export interface ServerDeps {
  readonly clock: Clock;
  readonly answerApi: (request: ApiRequest) => ApiAnswer;
  /** How long the next answer takes. */
  readonly drawLatencyMs: () => number;
  /** Answers `/_simulator`. */
  readonly answerControl: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/;
const API_PREFIX = '/v1/';

/** Listens on 127.0.0.1. Port 0 takes a free one; a busy port rejects with `EADDRINUSE`. */
export async function listen(deps: ServerDeps, port: number): Promise<ListeningServer> {
  const stopping = new AbortController();
  const server = createServer((request, response) => {
    handle(request, response, { ...deps, signal: stopping.signal }).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  // A server that listens on TCP has an address of this kind.
  const address = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    stop: () => stop(server, stopping),
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  { clock, answerApi, drawLatencyMs, answerControl, signal }: ServerDeps & { signal: AbortSignal },
): Promise<void> {
  const [path = '', search = ''] = (request.url ?? '').split(/\?(.*)/s);
  // A page of some other site that was made to resolve to this machine must not reach it.
  if (!LOOPBACK_HOST.test(request.headers.host ?? '')) {
    response.writeHead(403).end();
    return;
  }
  if (path === '/_simulator' || path.startsWith('/_simulator/')) return answerControl(request, response);

  // Bodies of writes are not simulated, but must be read for the connection to live on.
  request.resume();
  const method = request.method ?? 'GET';
  const apiPath = path.startsWith(API_PREFIX) ? path.slice(API_PREFIX.length) : '';
  const latencyMs = drawLatencyMs();
  if (latencyMs > 0) await clock.sleep(latencyMs, signal);
  const answer = answerApi({ method, path: apiPath, search, headers: request.headers });
  await writeAnswer(response, answer, { clock, isHead: method === 'HEAD', signal });
}

async function stop(server: Server, stopping: AbortController): Promise<void> {
  stopping.abort();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
