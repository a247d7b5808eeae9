import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OperationError } from '../errors.ts';
import type { ConsoleOptions } from './context.ts';
import { createConsole } from './server.ts';

export interface ServedConsole {
  /** Of the page, with the token in its fragment. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const LOOPBACK = '127.0.0.1';
const REQUEST_TIMEOUT_MS = 10_000;

/** Serves a console on this machine alone; port 0 takes a free one. Rejects with `OperationError` `port_in_use`. */
export async function serveConsole({
  port,
  ...options
}: ConsoleOptions & { port: number }): Promise<ServedConsole> {
  const console = createConsole(options);
  // The guard refuses a request without a Host, as one with a wrong Host.
  const server = createServer(
    { requireHostHeader: false, connectionsCheckingInterval: 1000 },
    (incoming, outgoing) => {
      console.answer(incoming, outgoing).catch(() => outgoing.destroy());
    },
  );
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(toPortError(cause, port)));
    server.listen(port, LOOPBACK, resolve);
  });
  // A TCP server that is listening has an address with a port.
  const { port: actualPort } = server.address() as AddressInfo;
  return {
    // A browser sends no fragment, so the token is in no log.
    url: `http://${LOOPBACK}:${actualPort}/console#token=${options.token}`,
    async stop() {
      await console.stop();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

function toPortError(cause: Error, port: number): OperationError {
  return new OperationError(
    'port_in_use',
    `port ${port} cannot be listened on: leave --port out for a free one`,
    { cause },
  );
}
