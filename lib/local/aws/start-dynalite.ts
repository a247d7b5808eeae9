import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';
import { explainForeignRequest, limitServer } from '../http-server.ts';

export interface LocalServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts DynamoDB (dynalite) on a free port of 127.0.0.1, in memory or in the existing folder `dataDir`. */
export async function startDynalite({ dataDir }: { dataDir?: string } = {}): Promise<LocalServer> {
  const server = dynalite({ createTableMs: 0, ...(dataDir !== undefined && { path: dataDir }) });
  guardRequests(server);
  limitServer(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  // A listening TCP server has an AddressInfo for its address.
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => stop(server) };
}

// Its own handler answers anybody who can reach the port, and ends the process when a request is cut off.
function guardRequests(server: Server): void {
  // These are the listeners of the event 'request', which have this type.
  const handlers = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const foreign = explainForeignRequest(request.headers);
    if (foreign !== undefined) {
      response.writeHead(403, { 'content-type': 'text/plain' }).end(foreign.reason);
      return;
    }
    for (const handler of handlers) handler(request, response);
    request.removeAllListeners('error').on('error', () => response.destroy());
  });
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
  });
  server.closeAllConnections();
  await closed;
}
