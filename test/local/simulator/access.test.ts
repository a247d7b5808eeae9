import { connect } from 'node:net';
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
  expect(await get(`conversation/${sessionId}/block`)).toMatchObject({ status: 200 });
  simulator.setSwitch('unconfirmedScopes', 'needed');
  expect(await get(`conversation/${sessionId}/block`)).toMatchObject({ status: 403, reason: 'not_allowed' });
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
  expect(await get('people/stats')).toMatchObject({ status: 200 });
  simulator.setSwitch('websiteTierRoutes', 'conversations-only');
  expect(await get('people/stats')).toMatchObject({ reason: 'restricted_route_tier' });
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

test('a path is taken as it came: an id that climbs out of its segment is seen', async () => {
  const { simulator, server } = await startSimulator();
  const path = `/v1/website/${simulator.websiteId}/conversation/../../../plugin/connect/websites/all/1`;

  // fetch and undici would tidy the path up before it is sent.
  const socket = connect(server.port, '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);

  expect(Buffer.concat(chunks).toString()).toContain('the route does not exist');
  expect(simulator.counters.snapshot().requests.byRoute).toEqual({ 'GET unknown': 1 });
});

test('a write is no route: the pipeline must never need one', async () => {
  const { simulator, get } = await startSimulator();
  const { sessionId } = simulator.startConversation();

  expect(await get(`conversation/${sessionId}/messages`, { method: 'POST' })).toMatchObject({ status: 404 });
});

test('a page of another site that resolves to this machine is turned away', async () => {
  const { server } = await startSimulator();
  const socket = connect(server.port, '127.0.0.1');

  socket.write('GET /_simulator HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);

  expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 403/);
});
