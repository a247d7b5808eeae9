import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** SSM's GetParameter on 127.0.0.1, for the given names and values. */
export async function startParameterStore(parameters: Readonly<Record<string, string>>) {
  const server = createServer(async (request, response) => {
    // The protocol's own form: `{ Name, WithDecryption }`.
    const { Name } = (await json(request)) as { Name: string };
    const Value = parameters[Name];
    const answer =
      Value === undefined
        ? { __type: 'ParameterNotFound' }
        : { Parameter: { Name, Value, Type: 'SecureString', Version: 1 } };
    response.writeHead(Value === undefined ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
