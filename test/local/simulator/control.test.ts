import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Crisp } from 'crisp-api';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { CONTROLS } from '../../../lib/local/simulator/controls.ts';
import { receiveHooks } from './support/receive-hooks.ts';
import { startSimulator } from './support/start-simulator.ts';

async function startControl() {
  const started = await startSimulator();
  const base = `${started.server.url}/_simulator`;

  return {
    ...started,
    base,
    view: async (path = ''): Promise<Readonly<Record<string, unknown>>> => {
      const shown = await (await fetch(`${base}${path}`)).json();
      // Every view is an object or a list; what is in it, each test says.
      return shown as Readonly<Record<string, unknown>>;
    },
    post: async (control: string, body: unknown = {}, headers: Record<string, string> = {}) => {
      const response = await fetch(`${base}/${control}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'Content-Type': 'application/json', ...headers },
      });
      const answer = await response.json();
      return { status: response.status, body: z.looseObject({}).parse(answer) };
    },
  };
}

test('a person can let a conversation happen with nothing but HTTP', async () => {
  const { post, view, get, simulator } = await startControl();
  const hooks = await receiveHooks();
  await post('subscribe-hook', {
    url: hooks.url,
    mode: 'plugin',
    events: ['message:send', 'session:removed'],
  });

  const { body: started } = await post('start-conversation', { nickname: 'Ada' });
  const { session_id, website_id } = z
    .object({ session_id: z.string(), website_id: z.string() })
    .parse(started);
  const { body } = await post('send-message', { session_id, content: 'Hello?', count: 2 });
  const { fingerprints } = z.object({ fingerprints: z.array(z.number()) }).parse(body);
  await post('edit-message', { session_id, fingerprint: fingerprints[0], content: 'Hello!' });
  await post('set-state', { session_id, state: 'resolved' });
  await post('change-conversation', { session_id, change: { topic: 'Billing', subject: 'Parcel' } });

  const truth = await view(`/conversations/${website_id}/${session_id}`);
  expect(truth.conversation).toMatchObject({
    state: 'resolved',
    topic: 'Billing',
    meta: { nickname: 'Ada', subject: 'Parcel' },
  });
  expect(truth.messages).toMatchObject([{ content: 'Hello!' }, { content: 'Hello?' }]);
  expect((await get(`conversation/${session_id}/messages`)).data).toEqual(truth.messages);
  await post('remove-conversation', { session_id });
  await simulator.hooks.settled();
  expect(hooks.received.map(({ event }) => event).toSorted()).toEqual([
    'message:send',
    'message:send',
    'session:removed',
  ]);
  expect(await view('/deliveries')).toMatchObject([
    { event: 'message:send', session_id, attempts: 1, outcome: 'acknowledged' },
    { event: 'message:send' },
    { event: 'session:removed' },
  ]);
});

test('limits, faults and switches can be set from outside', async () => {
  const { post, get } = await startControl();

  await post('fail-route', {
    effect: { kind: 'answer', status: 503, reason: 'server_error' },
    route: 'conversations',
  });
  expect(await get('conversations/1')).toMatchObject({ status: 503 });
  await post('set-switch', { name: 'quotaStatus', position: 423 });
  await post('set-quota', { perDay: 5, used: 5 });
  expect(await get('conversations/1')).toMatchObject({ status: 423, reason: 'quota_limit_exceeded' });
  await post('set-quota', { perDay: 0 });
  await post('set-rate', { requestsPerSecond: 1, burst: 1 });
  await get('conversations/1');
  expect(await get('conversations/1')).toMatchObject({ status: 429 });
  await post('set-rate');
  await post('set-subscribed', { subscribed: false });
  expect(await get('conversations/1')).toMatchObject({ reason: 'not_subscribed' });
});

test('the page tells counters, switches, hooks and controls, and no secret', async () => {
  const { view, get, simulator } = await startControl();
  simulator.subscribeHook({ url: 'http://127.0.0.1:9/hook?key=url-key', mode: 'website' });
  simulator.seedConversations({ conversations: 2, messages: 1 });
  await get('conversations/1');

  const page = await view();

  expect(page).toMatchObject({
    tier: 'plugin',
    websites: [{ website_id: simulator.websiteId, conversations: 2, is_subscribed: true }],
    counters: { requests: { total: 1, byRoute: { 'GET conversations': 1 }, byStatus: { 200: 1 } } },
    hooks: [{ url: 'http://127.0.0.1:9/hook', mode: 'website', is_disabled: false }],
    switches: { messagesPageSize: { position: 20, positions: [20, 40, 7] } },
  });
  expect(Object.keys(page.controls ?? {})).toEqual(CONTROLS.map(({ name }) => name));
  for (const secret of [simulator.hookSecret, simulator.account.token.key, 'url-key']) {
    expect(JSON.stringify(page)).not.toContain(secret);
  }
});

test('requests are told by session', async () => {
  const { view, get, simulator } = await startControl();
  const { sessionId, websiteId } = simulator.startConversation();
  await get(`conversation/${sessionId}`);
  await get(`conversation/${sessionId}/messages`);

  expect(await view('/sessions')).toEqual({
    [`${websiteId}:${sessionId}`]: { 'GET conversation': 1, 'GET messages': 1 },
  });
});

test.each([
  ['an unknown control', 'explode', {}, 404, 'not_found'],
  ['a missing field', 'send-message', {}, 400, 'control_input_invalid'],
  ['an unknown field', 'roll-token', { today: true }, 400, 'control_input_invalid'],
  [
    'a session that is not there',
    'set-state',
    { session_id: 'session_x', state: 'pending' },
    400,
    'unknown_session',
  ],
  [
    'a fault for a session that is not there',
    'fail-route',
    { effect: { kind: 'hang' }, session_id: 'session_x' },
    400,
    'unknown_session',
  ],
  [
    'a fault for a route that is not there',
    'fail-route',
    { effect: { kind: 'hang' }, route: 'message' },
    400,
    'unknown_route',
  ],
  ['an unknown switch', 'set-switch', { name: 'x', position: 1 }, 400, 'unknown_switch'],
  [
    'a hook elsewhere',
    'subscribe-hook',
    { url: 'http://example.com', mode: 'plugin' },
    400,
    'hook_url_not_loopback',
  ],
])('%s is refused with its reason', async (_case, control, body, status, error) => {
  const { post } = await startControl();

  expect(await post(control, body)).toMatchObject({ status, body: { error } });
});

test('a refusal of a session or a route names those that are there', async () => {
  const { post, simulator } = await startControl();
  const { sessionId } = simulator.startConversation();

  const session = await post('set-state', { session_id: 'session_x', state: 'pending' });
  const route = await post('fail-route', { effect: { kind: 'hang' }, route: 'message' });

  expect(session.body.message).toContain(sessionId);
  expect(route.body.message).toMatch(/"message" is none of .*\bmessages\b/);
});

test.each(CONTROLS.map(({ name }) => name))('the page has a whole curl for %s, which works', async (name) => {
  const { base, post, simulator } = await startControl();
  simulator.seedConversations({ conversations: 1, messages: 2 });
  await post('subscribe-hook', { url: 'http://127.0.0.1:9/webhook', mode: 'plugin' });

  const page = await (await fetch(`${base}/controls`)).text();

  const [, type = '', body = '', url = ''] =
    new RegExp(`^# ${name} .+\\ncurl -sS -H '([^']+)' -d '([^']+)' (\\S+/${name})$`, 'm').exec(page) ?? [];
  expect(url).toBe(`${base}/${name}`);
  const [header = '', value = ''] = type.split(': ');
  const answer = await fetch(url, { method: 'POST', body, headers: { [header]: value } });
  expect([answer.status, await answer.text()]).toMatchObject([200, expect.stringContaining('"ok": true')]);
});

test('a foreign origin, a form and another method are refused', async () => {
  const { post, base } = await startControl();

  expect(await post('roll-token', {}, { Origin: 'https://evil.example' })).toMatchObject({ status: 403 });
  expect(await post('roll-token', {}, { 'Content-Type': 'text/plain' })).toMatchObject({ status: 415 });
  expect((await fetch(base, { method: 'DELETE' })).status).toBe(405);
  expect((await fetch(`${base}/secrets`)).status).toBe(404);
});

test('the documentation lists every control', () => {
  const page = readFileSync(new URL('../../../docs/simulator.md', import.meta.url), 'utf8');

  const missing = CONTROLS.filter(({ name }) => !page.includes(`\`${name}\``));
  expect(missing.map(({ name }) => name)).toEqual([]);
});

const MAIN = new URL('../../../lib/local/simulator/main.ts', import.meta.url).pathname;

test('started by itself, the simulator prints all that a client needs and ends on SIGTERM', async () => {
  const options = [
    '--port',
    '0',
    '--conversations',
    '3',
    '--messages',
    '30',
    '--switch',
    'messagesPageSize=7',
  ];
  const child = spawn(process.execPath, [MAIN, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const { url, website_ids, tier, token_identifier, token_key } = JSON.parse(String(line));
  const client = new Crisp();
  client.setRestHost(url);
  client.authenticateTier(tier, token_identifier, token_key);

  const conversations = await client.website.listConversations(website_ids[0]);
  const messages = await client.website.getMessagesInConversation(
    website_ids[0],
    conversations[0]?.session_id ?? '',
  );
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');

  expect(conversations).toHaveLength(3);
  expect(messages).toHaveLength(7);
  expect(code).toBe(0);
});
