import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What the server does with one request: an answer, or a fault of the connection. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The `data` of a good envelope; `body` is for everything else. */
  readonly data?: unknown;
  readonly body?: string | Uint8Array;
  /** All that goes over the wire, in place of HTTP; then the connection is closed. */
  readonly raw?: string | Uint8Array;
  /**
   * `reset`: RST instead of headers. `close`: FIN instead of headers. `reset-in-body`, `close-in-body`: after half of the
   * body. `never`: no answer. `stall-in-body`: half of the body, then nothing.
   */
  readonly fault?: 'reset' | 'close' | 'reset-in-body' | 'close-in-body' | 'never' | 'stall-in-body';
}

export interface RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** 1 for the first connection that was opened. */
  readonly connection: number;
}

export interface ScriptedCrisp {
  /** Base URL, with `/v1`. */
  readonly url: URL;
  readonly requests: readonly RecordedRequest[];
  close(): Promise<void>;
}

export type Script =
  | readonly ScriptedAnswer[]
  | ((request: RecordedRequest) => ScriptedAnswer | Promise<ScriptedAnswer>);

/** A server on 127.0.0.1 that answers by script; the last answer of a list is repeated. Knows nothing of Crisp. */
export async function createScriptedCrisp(script: Script): Promise<ScriptedCrisp> {
  const requests: RecordedRequest[] = [];
  const numbers = new Map<Socket, number>();
  const server = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
    const { method = '', url = '', headers } = request;
    const recorded = { method, url, headers, connection: numbers.get(request.socket) ?? 0 };
    requests.push(recorded);
    send(response, await pick(script, recorded, requests.length - 1));
  });
  server.on('connection', (socket) => numbers.set(socket, numbers.size + 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo;

  return {
    url: new URL(`http://127.0.0.1:${port}/v1`),
    requests,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function pick(
  script: Script,
  request: RecordedRequest,
  index: number,
): ScriptedAnswer | Promise<ScriptedAnswer> {
  if (typeof script === 'function') return script(request);
  return script[Math.min(index, script.length - 1)] ?? {};
}

function send(response: ServerResponse, answer: ScriptedAnswer): void {
  const { status = 200, headers = {}, fault, data = {} } = answer;
  const socket = response.socket;
  if (answer.raw !== undefined) return void socket?.end(answer.raw);
  if (fault === 'never') return;
  if (fault === 'reset') return void socket?.resetAndDestroy();
  if (fault === 'close') return void socket?.destroy();

  const body = Buffer.from(answer.body ?? JSON.stringify({ error: false, reason: 'resolved', data }));
  const noBody = status === 204 || status === 304;
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(noBody || 'transfer-encoding' in headers ? {} : { 'content-length': String(body.length) }),
    ...headers,
  });
  if (fault === undefined) return void response.end(noBody ? undefined : body);

  response.write(body.subarray(0, Math.ceil(body.length / 2)), () => {
    if (fault === 'reset-in-body') socket?.resetAndDestroy();
    if (fault === 'close-in-body') socket?.end();
  });
}
