import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createCrispApi } from '../../../lib/adapters/crisp/create-crisp-api.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { aSession } from '../../support/builders.ts';
import { failureOf } from '../../support/crisp-over-http.ts';
import { aSelfSignedCertificate, type Certificate } from '../../support/self-signed-certificate.ts';

/** An HTTPS server that would answer well, and our client before it. */
async function setUpServer(certificate: Certificate, hostname: string) {
  let requests = 0;
  const server = createServer(certificate, (_request, response) => {
    requests += 1;
    response.end('{"error":false,"data":{"session_id":"session_a"}}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo;
  const crisp = createCrispApi({
    baseUrl: new URL(`https://${hostname}:${port}/v1`),
    tier: 'plugin',
    secrets: { hookSecrets: async () => [], crispToken: async () => ({ identifier: 'id', key: 'key' }) },
    throttle: { take: async () => {}, noteRefusal: () => {}, ratePerSecond: 10 },
    clock: systemClock,
    maxResponseBytes: 1000,
  });
  onTestFinished(async () => {
    await crisp.close();
    server.close();
  });
  return { crisp, requests: () => requests };
}

test.each([
  ['that nobody vouches for', aSelfSignedCertificate(), '127.0.0.1'],
  ['that has expired', aSelfSignedCertificate({ until: '210101000000Z' }), '127.0.0.1'],
  ['of another name', aSelfSignedCertificate(), 'localhost'],
])('a certificate %s ends the connection, before the token is sent', async (_, certificate, hostname) => {
  const { crisp, requests } = await setUpServer(certificate, hostname);

  const failure = await failureOf(crisp.getConversation(aSession()));

  expect(failure.code).toBe('crisp_tls_failed');
  expect(failure.disposition).toBe('outage');
  expect(requests()).toBe(0);
});
