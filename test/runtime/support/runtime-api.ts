import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { systemClock } from '../../../lib/adapters/system-clock.ts';

/** What a function is given for one invocation. */
export interface Invocation {
  readonly event: unknown;
  readonly requestId: string;
  /** Until Lambda would end it. */
  readonly remainingMs: number;
  readonly functionArn: string;
}

export interface RuntimeApi {
  /** What `AWS_LAMBDA_RUNTIME_API` is set to. */
  readonly address: string;
  /** Resolves when the runtime first asks for an event; rejects with what it says it could not start for. */
  readonly ready: Promise<void>;
  /** Hands one event over; resolves with the handler's response, rejects with the error that the runtime reports. */
  invoke(invocation: Invocation): Promise<unknown>;
  close(): Promise<void>;
}

/** An error as the runtime reports it: `name` is the error's type in the function. */
export class FunctionError extends Error {
  constructor({ errorType, errorMessage }: { errorType?: string; errorMessage?: string }) {
    super(errorMessage);
    this.name = errorType ?? 'unknown';
  }
}

const VERSION = '/2018-06-01/runtime';
const RESULT = new RegExp(`^${VERSION}/invocation/([^/]+)/(response|error)$`);

/**
 * Lambda's Runtime API for one execution environment, as documented: `next` waits for an event, `response` and `error`
 * end the invocation that they name, `init/error` ends the environment before its first one.
 */
export async function startRuntimeApi(): Promise<RuntimeApi> {
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {}); // Who waits for it sees it too.
  let idle = Promise.withResolvers<ServerResponse>();
  const running = new Map<string, PromiseWithResolvers<unknown>>();

  const server = createServer(async (request, response) => {
    const { method, url = '' } = request;
    if (method === 'GET' && url === `${VERSION}/invocation/next`) {
      ready.resolve();
      return idle.resolve(response);
    }
    const body = parse(await text(request));
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
    if (url === `${VERSION}/init/error`) return ready.reject(new FunctionError(body ?? {}));
    settle(request, body);
  });

  function settle({ url = '' }: IncomingMessage, body: unknown): void {
    const [, requestId = '', kind] = RESULT.exec(url) ?? [];
    const invocation = running.get(requestId);
    running.delete(requestId);
    if (kind === 'response') invocation?.resolve(body);
    else invocation?.reject(new FunctionError(body ?? {}));
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo;

  return {
    address: `127.0.0.1:${port}`,
    ready: ready.promise,
    async invoke(invocation) {
      const response = await idle.promise;
      idle = Promise.withResolvers();
      const result = Promise.withResolvers<unknown>();
      running.set(invocation.requestId, result);
      response.writeHead(200, toHeaders(invocation)).end(JSON.stringify(invocation.event));
      return result.promise;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function toHeaders({ requestId, remainingMs, functionArn }: Invocation) {
  return {
    'content-type': 'application/json',
    'lambda-runtime-aws-request-id': requestId,
    'lambda-runtime-deadline-ms': String(systemClock.nowMs() + remainingMs),
    'lambda-runtime-invoked-function-arn': functionArn,
    'lambda-runtime-trace-id': 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0',
  };
}

function parse(body: string) {
  return body === '' ? undefined : JSON.parse(body);
}
