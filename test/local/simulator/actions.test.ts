import { expect, test } from 'vitest';
import type { ConversationChange } from '../../../lib/local/simulator/changes.ts';
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

test('messages are read, unread and delivered', async () => {
  const { simulator, session, read, events } = await startWithHooks();
  const { fingerprint } = simulator.sendMessage(session);
  const reply = simulator.sendMessage(session, { from: 'operator' });

  simulator.acknowledge(session, { kind: 'read' });
  expect(read().messages[0]?.read).toBe('chat');
  expect(read().conversation.unread.operator).toBe(0);
  simulator.acknowledge(session, { kind: 'unread' });
  expect(read().messages[0]?.read).toBe('');
  simulator.acknowledge(session, { kind: 'delivered', from: 'operator' });

  expect(read().messages[1]).toMatchObject({ delivered: 'chat' });
  expect((await events()).slice(2)).toMatchObject([
    { event: 'message:acknowledge:read:send', data: { fingerprints: [fingerprint], origin: 'chat' } },
    { event: 'message:acknowledge:unread:send', data: { fingerprints: [fingerprint] } },
    { event: 'message:acknowledge:delivered', data: { fingerprints: [reply.fingerprint] } },
  ]);
});

const participants = [{ type: 'email', target: 'ops@example.com' }];
const page = { page_title: 'Teapots', page_url: 'https://shop.example.com/teapots' };

// What a change makes of the conversation, and what its event says.
const CHANGES: [ConversationChange, object, string, object][] = [
  [{ phone: '+447700900123' }, { meta: { phone: '+447700900123' } }, 'set_phone', { phone: '+447700900123' }],
  [{ segments: ['press'] }, { meta: { segments: ['press'] } }, 'set_segments', { segments: ['press'] }],
  [{ data: { seats: 3 } }, { meta: { data: { seats: 3 } } }, 'set_data', { data: { seats: 3 } }],
  [
    { routing_id: 'operator-1' },
    { assigned: { user_id: 'operator-1' } },
    'set_routing',
    { routing_id: 'operator-1', previous_routing_id: null },
  ],
  [{ routing_id: null }, { assigned: null }, 'set_routing', { routing_id: null }],
  [{ inbox_id: 'i' }, { inbox_id: 'i' }, 'set_inbox', { inbox_id: 'i', previous_inbox_id: null }],
  [{ participants }, { participants }, 'set_participants', { participants }],
  [{ mentions: ['o'] }, { mentions: ['o'] }, 'set_mentions', { mentions: ['o'] }],
  [{ is_blocked: true }, { is_blocked: true }, 'set_block', { is_blocked: true }],
  [{ is_verified: true }, { is_verified: true }, 'update_verify', { is_verified: true, verifications: [] }],
  [{ topic: 'Billing' }, { topic: 'Billing' }, 'sync:topic', { topic: 'Billing' }],
  [{ rating: { stars: 4 } }, {}, 'sync:rating', { rating: { stars: 4 } }],
  [
    { availability: 'offline' },
    { availability: 'offline', active: { now: false } },
    'update_availability',
    { availability: 'offline' },
  ],
  [{ page }, {}, 'sync:pages', { pages: [page] }],
  [{ event: { text: 'x' } }, {}, 'sync:events', { events: [{ text: 'x', data: {}, color: 'blue' }] }],
];

test.each(CHANGES)('the change %j makes the conversation %j and is told of by session:%s', async (...row) => {
  const [change, changed, event, data] = row;
  const { simulator, session, read, events } = await startWithHooks();

  simulator.changeConversation(session, change);

  expect(read().conversation).toMatchObject(changed);
  expect(await events()).toMatchObject([{ event: `session:${event}`, data }]);
});

test('each field of a change has its own event, and a new routing names the one before', async () => {
  const { simulator, session, events } = await startWithHooks();

  simulator.changeConversation(session, { routing_id: 'operator-1', subject: 'x' });
  simulator.changeConversation(session, { routing_id: null });

  expect((await events()).map(({ event, data }) => [event, data.previous_routing_id])).toEqual([
    ['session:set_routing', null],
    ['session:set_subject', undefined],
    ['session:set_routing', 'operator-1'],
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
    () => simulator.acknowledge(session, { kind: 'read' }),
    () => simulator.changeConversation(session, { topic: 'x' }),
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
