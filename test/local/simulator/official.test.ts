import { Crisp } from 'crisp-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signHook } from '../../../lib/local/simulator/hook-sender.ts';
import type { SubscriptionInput } from '../../../lib/local/simulator/hooks.ts';
import { MESSAGE_TYPES } from '../../../lib/local/simulator/model.ts';
import { receiveHooks } from './support/receive-hooks.ts';
import { createOfficialClient, startSimulator } from './support/start-simulator.ts';

async function startWithClient(options: Parameters<typeof startSimulator>[0] = {}) {
  const started = await startSimulator(options);
  const client = createOfficialClient(started.simulator, started.server.url);
  return { ...started, client, websiteId: started.simulator.websiteId };
}

test('the official client reads a conversation as the simulator holds it', async () => {
  const { simulator, client, websiteId } = await startWithClient();
  const session = simulator.startConversation({ nickname: 'Ada', email: 'ada@example.com' });
  simulator.sendMessage(session, { content: 'Is my parcel lost?' });

  const conversation = await client.website.getConversation(websiteId, session.sessionId);

  expect(conversation).toEqual(simulator.readConversation(session)?.conversation);
  expect(conversation).toMatchObject({
    session_id: session.sessionId,
    state: 'pending',
    status: 0,
    last_message: 'Is my parcel lost?',
    preview_message: { type: 'text', from: 'user', excerpt: 'Is my parcel lost?' },
    meta: { nickname: 'Ada', email: 'ada@example.com' },
    unread: { operator: 1, visitor: 0 },
  });
});

test('the official client reads messages of all nine types, oldest first', async () => {
  const { simulator, client, clock, websiteId } = await startWithClient();
  const session = simulator.startConversation();
  for (const type of MESSAGE_TYPES) {
    simulator.sendMessage(session, { type });
    await clock.advance(1);
  }

  const messages = await client.website.getMessagesInConversation(websiteId, session.sessionId);

  expect(messages.map(({ type }) => type)).toEqual(MESSAGE_TYPES);
  expect(messages).toEqual(simulator.readConversation(session)?.messages);
});

test('the official export loop, which takes the oldest timestamp as next cursor, collects every message', async () => {
  const { simulator, client, websiteId } = await startWithClient();
  const [session] = simulator.seedConversations({ conversations: 1, messages: 100 });
  const collected: unknown[] = [];

  let before: number | undefined;
  for (;;) {
    const page = await client.website.getMessagesInConversation(websiteId, session?.sessionId ?? '', before);
    if (page.length === 0) break;
    collected.unshift(...page);
    before = page[0]?.timestamp;
  }

  expect(collected).toEqual(session && simulator.readConversation(session)?.messages);
});

test('the official client reads the routes beside a conversation', async () => {
  const { simulator, client, websiteId } = await startWithClient();
  const parent = simulator.startConversation();
  const child = simulator.startConversation({ parentSessionId: parent.sessionId });
  simulator.changeConversation(child, {
    page: { page_title: 'Teapots', page_url: 'https://shop.example.com/teapots' },
    event: { text: 'basket-filled', data: { items: 2 } },
  });
  const { website } = client;

  expect(await website.getConversationRelations(websiteId, parent.sessionId)).toEqual({
    conversations: { parent: null, children: [child.sessionId] },
  });
  expect(await website.getConversationRelations(websiteId, child.sessionId)).toEqual({
    conversations: { parent: parent.sessionId, children: [] },
  });
  expect(await website.listConversationPages(websiteId, child.sessionId)).toMatchObject([
    { page_title: 'Teapots' },
  ]);
  expect(await website.listConversationEvents(websiteId, child.sessionId)).toMatchObject([
    { data: { items: 2 } },
  ]);
  expect(await website.checkConversationExists(websiteId, child.sessionId)).toEqual({});
});

test('the official client reads a person by id and by e-mail address', async () => {
  const { simulator, client, websiteId } = await startWithClient();
  const session = simulator.startConversation({ nickname: 'Ada', email: 'ada@example.com' });
  const peopleId = simulator.readConversation(session)?.conversation.people_id ?? '';
  simulator.changeProfile({ websiteId, peopleId }, { notepad: 'likes oolong' });

  const byId = await client.website.getPeopleProfile(websiteId, peopleId);
  const byEmail = await client.website.getPeopleProfile(websiteId, encodeURIComponent('ada@example.com'));

  expect(byId).toMatchObject({ people_id: peopleId, email: 'ada@example.com', notepad: 'likes oolong' });
  expect(byEmail).toEqual(byId);
});

test('the official client lists websites and conversations', async () => {
  const { simulator, client, websiteId } = await startWithClient({ websites: [{}, { isSubscribed: false }] });
  simulator.seedConversations({ conversations: 3, messages: 2 });

  expect(await client.website.listConversations(websiteId, 1, { per_page: 20 })).toHaveLength(3);
  expect(await client.website.getWebsite(websiteId)).toMatchObject({ website_id: websiteId });
  expect(await client.plugin.listAllConnectWebsites(1, false, false)).toMatchObject([
    { website_id: websiteId },
  ]);
});

test('the official client reads the reason and the status of a refusal', async () => {
  const { simulator, client, websiteId } = await startWithClient({ websites: [{}, { isSubscribed: false }] });
  const [, unsubscribed] = simulator.websiteIds;

  await expect(client.website.getConversation(websiteId, 'session_gone')).rejects.toMatchObject({
    code: 404,
    message: 'session_not_found',
  });
  await expect(client.website.getWebsite(unsubscribed ?? '')).rejects.toMatchObject({
    code: 404,
    message: 'not_subscribed',
  });
  await expect(client.website.getConversation(websiteId, '')).rejects.toMatchObject({
    code: 404,
    message: 'not_found',
    data: { message: 'Got response error: the route does not exist' },
  });
  client.authenticateTier('website', 'someone', 'else');
  await expect(client.website.getWebsite(websiteId)).rejects.toMatchObject({
    code: 401,
    message: 'invalid_session',
  });
});

const official = new Crisp();

test('the signature of the known example is the one that the official client computes', () => {
  const body =
    '{"website_id":"8c842203-7ed8-4e29-a608-7cf78a7d2fcc","event":"session:set_state","data":{"website_id":"8c842203-7ed8-4e29-a608-7cf78a7d2fcc","session_id":"session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881","inbox_id":null,"state":"resolved"},"timestamp":1790856000100}';

  const signature = signHook('whsec_test', '1790856000123', body);

  expect(signature).toBe('8bf06e8c6ba030f137d692cebf0b0e36a33fe613d7d30990d99ee1401f0623ba');
  expect(official.verifyWidget('whsec_test', JSON.parse(body), 1790856000123, signature)).toBe(true);
});

test('the official client accepts the signature of any body, and none whose body, time or secret differs', () => {
  const secrets = fc.string({ minLength: 1 });
  const bodies = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });
  const timestamps = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1 });

  fc.assert(
    fc.property(secrets, bodies, timestamps, (secret, body, timestamp) => {
      const signature = signHook(secret, String(timestamp), JSON.stringify(body));

      return (
        official.verifyWidget(secret, body, timestamp, signature) &&
        !official.verifyWidget(secret, { ...body, more: 1 }, timestamp, signature) &&
        !official.verifyWidget(secret, body, timestamp + 1, signature) &&
        !official.verifyWidget(`${secret}x`, body, timestamp, signature)
      );
    }),
  );
});

test('a plugin hook carries the documented headers and a signature that the official client accepts', async () => {
  const { simulator, clock } = await startSimulator({ hookSecrets: ['whsec_test'] });
  const hooks = await receiveHooks();
  simulator.subscribeHook({ url: hooks.url, mode: 'plugin', events: ['message:send'] });
  const session = simulator.startConversation();
  simulator.sendMessage(session, { content: 'La théière est cassée 😢' });
  await simulator.hooks.settled();

  const [hook] = hooks.received;

  expect(hook?.headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'Crisp-HooksDeliver 1.0 (+https://crisp.chat)',
    'x-crisp-hook-origin': expect.stringMatching(/^plugin\/rtm [0-9a-f]{16} production$/),
    'x-crisp-request-timestamp': String(clock.nowMs()),
    'x-delivery-attempt-limit': '5',
    'x-delivery-attempt-count': '1',
  });
  const body = JSON.parse(hook?.rawBody ?? '');
  const signature = String(hook?.headers['x-crisp-signature']);
  expect(official.verifyWidget('whsec_test', body, clock.nowMs(), signature)).toBe(true);
  expect(JSON.stringify(body)).toBe(hook?.rawBody);
});

test('each hook is signed with its own secret: of production, of development, or one of its own', async () => {
  const { simulator, clock } = await startSimulator({ hookSecrets: ['of-production', 'of-development'] });
  const subscribe = async (input: Partial<SubscriptionInput>) => {
    const hooks = await receiveHooks();
    simulator.subscribeHook({ ...input, url: hooks.url, mode: 'plugin', events: ['message:send'] });
    return hooks;
  };
  const receivers = [
    ['of-production', await subscribe({})],
    ['of-development', await subscribe({ environment: 'development' })],
    ['its-own', await subscribe({ secret: 'its-own' })],
  ] as const;

  simulator.sendMessage(simulator.startConversation());
  await simulator.hooks.settled();

  for (const [secret, { received }] of receivers) {
    const [hook] = received;
    const signature = String(hook?.headers['x-crisp-signature']);
    const accepts = (candidate: string) =>
      official.verifyWidget(candidate, JSON.parse(hook?.rawBody ?? ''), clock.nowMs(), signature);
    expect(receivers.map(([candidate]) => candidate).filter(accepts)).toEqual([secret]);
  }
});

test('the official client lists what was updated by a date, the newest update first, in pages of up to 50', async () => {
  const { simulator, client, clock, websiteId } = await startWithClient();
  const sessions = simulator.seedConversations({ conversations: 60, messages: 1 });
  for (const [index, session] of sessions.entries()) {
    const stored = simulator.readConversation(session);
    if (stored) stored.conversation.updated_at = clock.nowMs() - index * 1000;
  }
  const query = {
    ...{ per_page: 50, order_date_updated: 1 },
    filter_date_end: new Date(clock.nowMs() - 5000).toISOString(),
  };
  // Its type asks for a search, which neither its code nor Crisp's reference does.
  const filter = query as unknown as Parameters<typeof client.website.listConversations>[2];

  const first = await client.website.listConversations(websiteId, 1, filter);
  const second = await client.website.listConversations(websiteId, 2, filter);

  expect([...first, ...second].map(({ session_id }) => session_id)).toEqual(
    sessions.slice(5).map(({ sessionId }) => sessionId),
  );
  expect(first).toHaveLength(50);
});
