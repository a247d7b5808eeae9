import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export const LOOPBACK = '127.0.0.1';

export interface ListeningServer {
  readonly url: string;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** Listens on 127.0.0.1; 0 takes any free port. Rejects with the system's error, e.g. `EADDRINUSE`. */
export async function listenOnLoopback(server: Server, port: number): Promise<ListeningServer> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // A TCP server that is listening has an address with a port.
  const { port: actualPort } = server.address() as AddressInfo;
  return { url: `http://${LOOPBACK}:${actualPort}`, port: actualPort, stop: () => close(server) };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
