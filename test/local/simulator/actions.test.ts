import { expect, test } from 'vitest';
import { MESSAGE_TYPES } from '../../../lib/local/simulator/model.ts';
import { type ReceivedHook, receiveHooks } from './support/receive-hooks.ts';
import { startSimulator } from './support/start-simulator.ts';

async function startWithHooks() {
  const started = await startSimulator();
  const hooks = await receiveHooks();
  const { simulator } = started;
  const session = simulator.startConversation({ nickname: 'Ada', email: 'ada@example.com' });
  simulator.subscribeHook({ url: hooks.url, mode: 'plugin' });
  simulator.setSwitch('hookOrder', 'per-session');

  return {
    ...started,
    session,
    read: () => {
      const stored = simulator.readConversation(session);
      if (stored === undefined) throw new Error('the conversation is gone');
      return stored;
    },
    events: async (): Promise<ReceivedHook[]> => {
      await simulator.hooks.settled();
      return hooks.received;
    },
  };
}

test('a visitor’s arrival tells what the browser knows, and binds who gave an address to a profile', async () => {
  const { simulator, events } = await startWithHooks();

  const session = simulator.startConversation({ nickname: 'Bruno', email: 'bruno@example.com' });

  const received = await events();
  expect(received.map(({ event }) => event).toSorted()).toEqual([
    'people:bind:session',
    'people:profile:created',
    'session:request:initiated',
    'session:set_email',
    'session:set_nickname',
    'session:sync:capabilities',
    'session:sync:geolocation',
    'session:sync:locales',
    'session:sync:network',
    'session:sync:system',
    'session:sync:timezone',
    'session:update_availability',
  ]);
  const peopleId = simulator.readConversation(session)?.conversation.people_id;
  expect(received.find(({ event }) => event === 'people:bind:session')?.data).toMatchObject({
    people_id: peopleId,
  });
});

test('an anonymous visitor has neither address nor profile', async () => {
  const { simulator } = await startSimulator();

  const session = simulator.startConversation({ isAnonymous: true });

  const conversation = simulator.readConversation(session)?.conversation;
  expect(conversation).not.toHaveProperty('people_id');
  expect(conversation?.meta.email).toBe('');
});

test.each(MESSAGE_TYPES)('a message of type %s can be sent and is told of', async (type) => {
  const { simulator, session, events } = await startWithHooks();

  const message = simulator.sendMessage(session, { type });

  const isOperators = type === 'note' || type === 'event';
  expect(await events()).toMatchObject([
    { event: isOperators ? 'message:received' : 'message:send', data: { type, content: message.content } },
  ]);
});

test('a visitor’s message on a resolved conversation reopens it, an operator’s does not', async () => {
  const { simulator, session, read, events } = await startWithHooks();

  simulator.setState(session, 'resolved');
  simulator.sendMessage(session, { from: 'operator' });
  expect(read().conversation).toMatchObject({ state: 'resolved', status: 2 });
  simulator.sendMessage(session, { from: 'user' });

  expect(read().conversation).toMatchObject({ state: 'unresolved', status: 1 });
  expect((await events()).map(({ event, data }) => [event, data.state])).toEqual([
    ['session:set_state', 'resolved'],
    ['message:received', undefined],
    ['message:send', undefined],
    ['session:set_state', 'unresolved'],
  ]);
});

test('a change of state may leave a message of type event', async () => {
  const { simulator, session, read } = await startWithHooks();
  simulator.setSwitch('resolveMessage', 'event');

  simulator.setState(session, 'resolved');

  expect(read().messages).toMatchObject([{ type: 'event', content: { namespace: 'state:resolved' } }]);
});

test('an edited text keeps its place and says that it was edited; the preview follows', async () => {
  const { simulator, session, read, events } = await startWithHooks();
  const { fingerprint, timestamp } = simulator.sendMessage(session, { content: 'teapto' });

  simulator.editMessage(session, fingerprint, 'teapot');

  expect(read().messages).toMatchObject([{ fingerprint, timestamp, content: 'teapot', edited: true }]);
  expect(read().conversation).toMatchObject({ last_message: 'teapot', preview_message: { fingerprint } });
  expect((await events()).at(-1)).toMatchObject({
    event: 'message:updated',
    data: { fingerprint, content: 'teapot' },
  });
});

test('a removed message is gone from REST, and the preview goes back to the one before', async () => {
  const { simulator, session, read, events, get } = await startWithHooks();
  const first = simulator.sendMessage(session, { content: 'first' });
  const second = simulator.sendMessage(session, { content: 'second' });

  simulator.removeMessage(session, second.fingerprint);

  expect((await get(`conversation/${session.sessionId}/messages`)).data).toMatchObject([
    { content: 'first' },
  ]);
  expect(await get(`conversation/${session.sessionId}/message/${second.fingerprint}`)).toMatchObject({
    status: 404,
  });
  expect(read().conversation.preview_message?.fingerprint).toBe(first.fingerprint);
  expect((await events()).at(-1)).toMatchObject({
    event: 'message:removed',
    data: { fingerprint: second.fingerprint },
  });
});

test('notes and events are no preview: visitors do not see them', async () => {
  const { simulator, session, read } = await startWithHooks();
  simulator.sendMessage(session, { content: 'visible' });

  simulator.sendMessage(session, { type: 'note' });
  simulator.sendMessage(session, { type: 'event' });

  expect(read().conversation.last_message).toBe('visible');
});

test('messages are read, unread, delivered and undeliverable', async () => {
  const { simulator, session, read, events } = await startWithHooks();
  const { fingerprint } = simulator.sendMessage(session);
  const reply = simulator.sendMessage(session, { from: 'operator' });

  simulator.acknowledge(session, { kind: 'read' });
  expect(read().messages[0]?.read).toBe('chat');
  expect(read().conversation.unread.operator).toBe(0);
  simulator.acknowledge(session, { kind: 'unread' });
  expect(read().messages[0]?.read).toBe('');
  simulator.acknowledge(session, { kind: 'delivered', from: 'operator', origin: 'email' });
  const details = { type: 'bounce', reason: 'mailbox full' };
  simulator.acknowledge(session, { kind: 'ignored', from: 'operator', origin: 'email', details });

  expect(read().messages[1]).toMatchObject({ delivered: 'email', ignored: { email: details } });
  expect((await events()).slice(2)).toMatchObject([
    { event: 'message:acknowledge:read:send', data: { fingerprints: [fingerprint], origin: 'chat' } },
    { event: 'message:acknowledge:unread:send', data: { fingerprints: [fingerprint] } },
    { event: 'message:acknowledge:delivered', data: { fingerprints: [reply.fingerprint], origin: 'email' } },
    { event: 'message:acknowledge:ignored', data: { fingerprints: [reply.fingerprint], details } },
  ]);
});

test('each field of the meta has its own event', async () => {
  const { simulator, session, read, events } = await startWithHooks();

  simulator.setMeta(session, { phone: '+447700900123', segments: ['press'], data: { seats: 3 } });

  expect(read().conversation.meta).toMatchObject({
    phone: '+447700900123',
    segments: ['press'],
    data: { seats: 3 },
  });
  expect(
    (await events()).map(({ event, data }) => [event, data.phone ?? data.segments ?? data.data]),
  ).toEqual([
    ['session:set_phone', '+447700900123'],
    ['session:set_segments', ['press']],
    ['session:set_data', { seats: 3 }],
  ]);
});

test('changes around a conversation are told with what was before', async () => {
  const { simulator, session, read, events } = await startWithHooks();

  simulator.changeConversation(session, 'routing', { userId: 'operator-1' });
  simulator.changeConversation(session, 'routing', { userId: null });
  simulator.changeConversation(session, 'inbox', { inboxId: 'inbox-1' });
  simulator.changeConversation(session, 'topic', { topic: 'Billing' });
  simulator.changeConversation(session, 'rating', { stars: 4 });
  simulator.changeConversation(session, 'availability', { availability: 'offline' });

  expect(read().conversation).toMatchObject({
    assigned: null,
    inbox_id: 'inbox-1',
    topic: 'Billing',
    availability: 'offline',
  });
  expect(
    (await events()).map(({ event, data: { website_id, session_id, ...data } }) => [event, data]),
  ).toEqual([
    ['session:set_routing', { inbox_id: null, routing_id: 'operator-1', previous_routing_id: null }],
    ['session:set_routing', { inbox_id: null, routing_id: null, previous_routing_id: 'operator-1' }],
    ['session:set_inbox', { inbox_id: 'inbox-1', previous_inbox_id: null }],
    ['session:sync:topic', { inbox_id: 'inbox-1', topic: 'Billing' }],
    ['session:sync:rating', { inbox_id: 'inbox-1', rating: { stars: 4 } }],
    ['session:update_availability', { inbox_id: 'inbox-1', availability: 'offline' }],
  ]);
});

test('a changed profile is told of without any session', async () => {
  const { simulator, session, read, events, get } = await startWithHooks();
  const peopleId = read().conversation.people_id ?? '';

  simulator.changeProfile({ websiteId: session.websiteId, peopleId }, { person: { nickname: 'Ada B.' } });
  const profile = await get(`people/profile/${peopleId}`);
  simulator.removeProfile({ websiteId: session.websiteId, peopleId });

  expect(profile.data).toMatchObject({ person: { nickname: 'Ada B.' }, email: 'ada@example.com' });
  expect(await get(`people/profile/${peopleId}`)).toMatchObject({ status: 404 });
  expect((await events()).map(({ event, data }) => [event, data.people_id, data.session_id])).toEqual([
    ['people:profile:updated', peopleId, undefined],
    ['people:profile:removed', peopleId, undefined],
  ]);
});

test('every change moves updated_at to now', async () => {
  const { simulator, session, read, clock } = await startWithHooks();
  const { fingerprint } = simulator.sendMessage(session);
  const changes = [
    () => simulator.sendMessage(session),
    () => simulator.editMessage(session, fingerprint, 'x'),
    () => simulator.removeMessage(session, fingerprint),
    () => simulator.setState(session, 'resolved'),
    () => simulator.setMeta(session, { subject: 'x' }),
    () => simulator.acknowledge(session, { kind: 'read' }),
    () => simulator.changeConversation(session, 'topic', { topic: 'x' }),
  ];

  for (const change of changes) {
    await clock.advance(1000);
    change();
    expect(read().conversation.updated_at).toBe(clock.nowMs());
  }
});

test('an unknown field or type of message passes through', async () => {
  const { simulator, session, get } = await startWithHooks();
  simulator.sendMessage(session, { extra: { type: 'hologram', aura: { colour: 'blue' } } });

  expect((await get(`conversation/${session.sessionId}/messages`)).data).toMatchObject([
    { type: 'hologram', aura: { colour: 'blue' } },
  ]);
});

test('an event that no action causes can be published', async () => {
  const { simulator, events } = await startWithHooks();

  simulator.emit(simulator.websiteId, 'campaign:progress', { campaign_id: 'c', progress: 50 });

  expect(await events()).toMatchObject([
    { event: 'campaign:progress', data: { campaign_id: 'c', progress: 50 } },
  ]);
});

test.each([
  ['unknown_session', () => 'session_nobody'],
  ['unknown_website', () => undefined],
])('acting on what is not there fails with %s', async (code, sessionId) => {
  const { simulator, session } = await startWithHooks();
  const id = sessionId();
  // Ids of the right form that name nothing.
  const wrong = (
    id ? { ...session, sessionId: id } : { ...session, websiteId: 'f'.repeat(36) }
  ) as typeof session;

  expect(() => simulator.setState(wrong, 'resolved')).toThrow(expect.objectContaining({ code }));
  expect(() => simulator.removeMessage(session, 1)).toThrow(
    expect.objectContaining({ code: 'unknown_message' }),
  );
  expect(() => simulator.startConversation({ sessionId: session.sessionId })).toThrow(
    expect.objectContaining({ code: 'session_exists' }),
  );
});
