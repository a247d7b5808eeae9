import { appendFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

// A process of its own: `node recording-proxy.ts TARGET LOGFILE`. It prints its port, passes every request on as it came,
// and writes one line per answer: method, path, status. It knows nothing of the simulator.
const [target = '', logFile = ''] = process.argv.slice(2);
const { hostname, port } = new URL(target);

const server = createServer((incoming, outgoing) => {
  const { method, url: path, headers } = incoming;
  const log = (status: number | string) => appendFileSync(logFile, `${method} ${path} ${status}\n`);
  const passed = request({ hostname, port, method, path, headers }, (answer) => {
    // Before the client has it: whoever has an answer finds it in the log.
    log(answer.statusCode ?? 0);
    outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
    answer.pipe(outgoing);
    answer.on('error', () => outgoing.destroy());
  });
  passed.on('error', () => {
    log('reset');
    outgoing.destroy();
  });
  incoming.pipe(passed);
});

// A server that listens on TCP has an address of this kind.
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
