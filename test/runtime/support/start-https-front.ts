import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { createServer } from 'node:tls';
import type { LoopbackCertificate } from './loopback-certificate.ts';

/** HTTPS in front of a plain server on this machine: a deployed function refuses to speak to Crisp without. */
export async function startHttpsFront(plainPort: number, { certificate, key }: LoopbackCertificate) {
  const called = Promise.withResolvers<void>();
  const server = createServer({ cert: certificate, key }, (socket) => {
    called.resolve();
    const plain = connect(plainPort, '127.0.0.1');
    // Where one side breaks off, so does the other.
    plain.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.on('error', () => plain.destroy()).on('close', () => plain.destroy());
    socket.pipe(plain).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo;

  return {
    url: `https://127.0.0.1:${port}`,
    /** Resolves at the first connection. */
    called: called.promise,
    /** Connections end with the server behind it. */
    async stop() {
      server.close();
      await once(server, 'close');
    },
  };
}
