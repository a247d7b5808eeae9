import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { fetchAnswer, startSimulator, toCredentials } from './support/start-simulator.ts';

test.each([
  ['no credentials at all', { Authorization: '' }],
  ['a wrong key', { Authorization: `Basic ${Buffer.from('someone:else').toString('base64')}` }],
  ['no tier', { 'X-Crisp-Tier': '' }],
  ['another tier', { 'X-Crisp-Tier': 'website' }],
])('%s is an invalid session', async (_case, headers) => {
  const { get } = await startSimulator();

  expect(await get('conversations/1', { headers })).toMatchObject({ status: 401, reason: 'invalid_session' });
});

test('a rolled token is accepted at once, and the old one no more', async () => {
  const { simulator, get } = await startSimulator();
  const old = toCredentials(simulator);

  simulator.rollToken();

  expect(await get('conversations/1')).toMatchObject({ status: 200 });
  expect(await get('conversations/1', { headers: old })).toMatchObject({ reason: 'invalid_session' });
});

test('a token without a route’s scope is not allowed to use it', async () => {
  const { simulator, get } = await startSimulator({ scopes: ['website:conversation:sessions'] });
  const { sessionId } = simulator.startConversation();

  expect(await get(`conversation/${sessionId}`)).toMatchObject({ status: 200 });
  expect(await get(`conversation/${sessionId}/messages`)).toMatchObject({
    status: 403,
    reason: 'not_allowed',
  });
  expect(await get(`conversation/${sessionId}/relations`)).toMatchObject({ status: 200 });
});

test('a website token is bound to its website alone and cannot use plugin routes', async () => {
  const { simulator, server, get } = await startSimulator({ tier: 'website', websites: [{}, {}] });
  const headers = toCredentials(simulator);
  const [, other] = simulator.websiteIds;

  expect(await get('conversations/1')).toMatchObject({ status: 200 });
  expect(await fetchAnswer(`${server.url}/v1/website/${other}`, { headers })).toMatchObject({
    reason: 'not_subscribed',
  });
  expect(await fetchAnswer(`${server.url}/v1/plugin/connect/websites/all/1`, { headers })).toMatchObject({
    status: 403,
    reason: 'restricted_route_tier',
  });
});

test('two websites may hold the same session id, and their conversations never mix', async () => {
  const { simulator, server } = await startSimulator({ websites: [{}, {}] });
  const [first, second] = simulator.websiteIds;
  for (const websiteId of simulator.websiteIds) {
    const session = simulator.startConversation({ websiteId, sessionId: 'session_twin' });
    simulator.sendMessage(session, { content: websiteId });
  }

  const headers = toCredentials(simulator);
  const read = (websiteId?: string) =>
    fetchAnswer(`${server.url}/v1/website/${websiteId}/conversation/session_twin/messages`, { headers });

  expect((await read(first)).data).toMatchObject([{ website_id: first, content: first }]);
  expect((await read(second)).data).toMatchObject([{ website_id: second, content: second }]);
});

test('a removed conversation is missing, and so is one that never was', async () => {
  const { simulator, get } = await startSimulator();
  const { sessionId, websiteId } = simulator.startConversation();

  expect(await get(`conversation/${sessionId}`, { method: 'HEAD' })).toMatchObject({ status: 200 });
  simulator.removeConversation({ sessionId, websiteId });

  for (const id of [sessionId, 'session_never', 'not-a-session']) {
    expect(await get(`conversation/${id}`)).toMatchObject({ status: 404, reason: 'session_not_found' });
  }
  expect(await get(`conversation/${sessionId}`, { method: 'HEAD' })).toMatchObject({ status: 404 });
  simulator.setSwitch('missingSessionStatus', 410);
  simulator.setSwitch('missingSessionReason', 'not_found');
  expect(await get(`conversation/${sessionId}/messages`)).toMatchObject({ status: 410, reason: 'not_found' });
});

test.each([
  '',
  '/',
  'conversation',
  'conversation//messages',
  'conversation/session_a/unheard-of',
  'people/profile/',
])('the path %j is no route', async (path) => {
  const { get } = await startSimulator();

  expect(await get(path === '' ? 'x/y/z' : path)).toMatchObject({
    status: 404,
    reason: 'not_found',
    data: { message: 'the route does not exist' },
  });
});

// fetch and undici would tidy a path up before it is sent.
async function sendRaw(port: number, target: string, ...headers: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const host = headers.some((header) => header.startsWith('Host:')) ? [] : ['Host: 127.0.0.1'];
  socket.write([`GET ${target} HTTP/1.1`, ...host, ...headers, 'Connection: close', '', ''].join('\r\n'));
  return text(socket);
}

test.each([
  '/v1/website/WEBSITE/conversation/../conversations/1',
  '/v1/website/WEBSITE/conversation/session_a/../session_b',
  '/v1/x/../website/WEBSITE',
  '/v1/./website/WEBSITE',
  '/v1/website/WEBSITE/',
  '/v1//website/WEBSITE',
  '/v1/website/WEBSITE/conversation/%2e%2e%2f%2e%2e/messages/1',
  '/v1/website/WEBSITE/people/profile/%',
  '/v1/website\\WEBSITE',
  'http://127.0.0.1/v1/website/WEBSITE',
])('the path %s is taken as it came, so it is no route', async (path) => {
  const { simulator, server } = await startSimulator();
  const { Authorization, 'X-Crisp-Tier': tier } = toCredentials(simulator);
  const target = path.replace('WEBSITE', simulator.websiteId);

  const answer = await sendRaw(
    server.port,
    target,
    `Authorization: ${Authorization}`,
    `X-Crisp-Tier: ${tier}`,
  );

  expect(answer).toContain('the route does not exist');
  expect(simulator.counters.snapshot().requests.byRoute).toEqual({ 'GET unknown': 1 });
});

test('an id that is encoded is decoded once', async () => {
  const { simulator, get } = await startSimulator();
  const session = simulator.startConversation({ email: 'ada+tea@example.com' });

  expect(await get('people/profile/ada%2Btea%40example.com')).toMatchObject({ status: 200 });
  expect(await get(`conversation/${session.sessionId.replace('_', '%5F')}`)).toMatchObject({ status: 200 });
  expect(await get(`conversation/${session.sessionId.replace('_', '%255F')}`)).toMatchObject({ status: 404 });
});

test('a write is no route: the pipeline must never need one', async () => {
  const { simulator, get } = await startSimulator();
  const { sessionId } = simulator.startConversation();

  expect(await get(`conversation/${sessionId}/messages`, { method: 'POST' })).toMatchObject({ status: 404 });
});

const FOREIGN = [
  ['a foreign host', 'Host: evil.example', 'host_not_allowed'],
  ['a host that only looks like this machine', 'Host: 127.0.0.1.evil.example', 'host_not_allowed'],
  ['a host that no URL admits', 'Host: a b', 'host_not_allowed'],
  ['a foreign origin', 'Origin: https://evil.example', 'origin_not_allowed'],
  ['the origin of a file', 'Origin: null', 'origin_not_allowed'],
  ['a page of another site', 'Sec-Fetch-Site: cross-site', 'origin_not_allowed'],
] as const;

test.each(FOREIGN)('%s is refused by API and control page, and not counted', async (_case, header, code) => {
  const { simulator, server } = await startSimulator();

  for (const path of ['/_simulator', `/v1/website/${simulator.websiteId}`]) {
    const answer = await sendRaw(server.port, path, header);
    expect(answer).toMatch(/^HTTP\/1.1 403/);
    expect(answer).toContain(code);
  }
  expect(simulator.counters.snapshot().requests.total).toBe(0);
});

test.each(['127.0.0.1:4701', 'localhost', 'LOCALHOST:4701', 'crisp.localhost', '[::1]:4701'])(
  'the host %s is this machine',
  async (host) => {
    const { server } = await startSimulator();

    expect(await sendRaw(server.port, '/_simulator', `Host: ${host}`)).toMatch(/^HTTP\/1.1 200/);
  },
);

test.each(['_simulator/send-message', 'v1/website/x/conversation/y/messages'])(
  'a body of more than 1 MiB to %s is refused before it is read',
  async (path) => {
    const { server } = await startSimulator();
    const headers = { 'Content-Type': 'application/json' };

    const answer = await fetch(`${server.url}/${path}`, {
      method: 'POST',
      body: ' '.repeat(1024 * 1024 + 1),
      headers,
    });

    expect(answer.status).toBe(413);
    expect(await answer.json()).toEqual({ error: 'body_too_large' });
  },
);

test('a body without a declared length is read up to 1 MiB', async () => {
  const { server } = await startSimulator();
  let sent = 0;
  const body = new ReadableStream({
    pull(controller) {
      sent += 65_536;
      controller.enqueue(new Uint8Array(65_536));
    },
  });
  const init = { method: 'POST', body, duplex: 'half', headers: { 'Content-Type': 'application/json' } };

  // The connection may be closed while the client still sends: then it has no answer to read.
  const answer = await fetch(`${server.url}/_simulator/roll-token`, init as RequestInit).catch(
    () => undefined,
  );

  expect(answer?.status ?? 413).toBe(413);
  expect(sent).toBeLessThan(64 * 1024 * 1024);
});
