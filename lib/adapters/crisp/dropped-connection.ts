import { buildConnector, errors } from 'undici';

/** Opens connections, and can tell afterwards whether a failed request met one that had been closed in the meantime. */
export interface DroppedConnections {
  readonly connect: buildConnector.connector;
  /** True where a request went to a connection that had served others before, and ended without an answer. */
  isDropped(error: unknown): boolean;
}

/**
 * A server may close an idle connection at the very moment at which a request is sent on it: nobody's failure, and the
 * request was most likely never read. A new connection that fails is a failure. The difference is whether the socket
 * had brought anything before; undici tells it for its own errors, for Node's it is noted here.
 */
export function createDroppedConnections(options: buildConnector.BuildOptions): DroppedConnections {
  const open = buildConnector(options);
  const usedBefore = new WeakSet<Error>();

  return {
    connect(target, callback) {
      open(target, (...result) => {
        const [, socket] = result;
        socket?.on('error', (error: NodeJS.ErrnoException) => {
          if (DROPPED.has(error.code) && socket.bytesRead > 0) usedBefore.add(error);
        });
        callback(...result);
      });
    },
    isDropped(error) {
      if (error instanceof errors.SocketError) return (error.socket?.bytesRead ?? 0) > 0;
      return error instanceof Error && usedBefore.has(error);
    },
  };
}

const DROPPED = new Set<string | undefined>(['ECONNRESET', 'EPIPE']);
