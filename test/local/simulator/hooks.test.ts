import { setTimeout } from 'node:timers/promises';
import { Crisp } from 'crisp-api';
import { expect, test } from 'vitest';
import type { Counters } from '../../../lib/local/simulator/counters.ts';
import type { SubscriptionInput } from '../../../lib/local/simulator/hooks.ts';
import type { Switches } from '../../../lib/local/simulator/switches.ts';
import { receiveHooks } from './support/receive-hooks.ts';
import { type StartedSimulator, startSimulator } from './support/start-simulator.ts';

interface Setup extends Partial<Omit<SubscriptionInput, 'url'>> {
  readonly switches?: Partial<Switches>;
  readonly scopes?: readonly string[];
}

async function subscribe({ mode = 'plugin', switches = {}, scopes, ...input }: Setup = {}) {
  const started = await startSimulator({ switches, ...(scopes ? { scopes } : {}) });
  const hooks = await receiveHooks();
  const events = input.events ?? ['message:send', 'message:received', 'session:set_state', 'session:removed'];
  started.simulator.subscribeHook({ ...input, url: `${hooks.url}?key=k`, mode, events });
  return { ...started, hooks };
}

// Turns the clock step by step; each attempt on its way may first take its real time, unless it is one that hangs.
async function passTime(
  { clock, simulator }: Pick<StartedSimulator, 'clock' | 'simulator'>,
  isDone: () => boolean,
  stepMs = 500,
): Promise<void> {
  const isUnderWay = ({ attempts, acknowledged, failedAttempts }: Counters['hooks']) =>
    attempts > acknowledged + failedAttempts;
  await setTimeout(1);
  for (let step = 0; !isDone() && step < 2000; step += 1) {
    for (let wait = 0; wait < 500 && isUnderWay(simulator.counters.hooks); wait += 1) await setTimeout(1);
    await clock.advance(stepMs);
  }
}

const header = (name: string) => (hook: { headers: Readonly<Record<string, unknown>> }) => hook.headers[name];

test('every action becomes an event that names website, session and time', async () => {
  const { simulator, hooks, clock } = await subscribe();
  const session = simulator.startConversation();

  const message = simulator.sendMessage(session, { content: 'Hello?' });
  await simulator.hooks.settled();

  const [hook] = hooks.received;
  expect(hook).toMatchObject({
    event: 'message:send',
    websiteId: session.websiteId,
    timestamp: clock.nowMs(),
  });
  expect(hook?.data).toEqual({
    website_id: session.websiteId,
    session_id: session.sessionId,
    inbox_id: null,
    type: 'text',
    from: 'user',
    origin: 'chat',
    content: 'Hello?',
    fingerprint: message.fingerprint,
    timestamp: message.timestamp,
    stamped: true,
    user: message.user,
  });
});

test('a website hook has the key in its address and neither signature nor retry', async () => {
  const { simulator, hooks, clock } = await subscribe({ mode: 'website' });
  hooks.answerWith(500);
  simulator.sendMessage(simulator.startConversation());

  await simulator.hooks.settled();
  await clock.advance(3_600_000);

  expect(hooks.received).toHaveLength(1);
  expect(hooks.received[0]).toMatchObject({ url: '/hook?key=k' });
  expect(hooks.received[0]?.headers).not.toHaveProperty('x-crisp-signature');
  expect(hooks.received[0]?.headers).not.toHaveProperty('x-crisp-hook-origin');
  expect(simulator.counters.hooks).toMatchObject({ attempts: 1, abandoned: 1, retries: 0 });
});

test.each([500, 404, 302, 'hang' as const])(
  'a plugin hook answered with %s is tried again',
  async (status) => {
    const started = await subscribe();
    const { simulator, hooks } = started;
    hooks.answerWith(status, 200);
    simulator.sendMessage(simulator.startConversation());

    await passTime(started, () => simulator.counters.hooks.acknowledged === 1, 5000);

    expect(hooks.received.map(header('x-delivery-attempt-count'))).toEqual(['1', '2']);
    expect(hooks.received[1]?.rawBody).toBe(hooks.received[0]?.rawBody);
    expect(simulator.counters.hooks).toMatchObject({
      attempts: 2,
      failedAttempts: 1,
      retries: 1,
      abandoned: 0,
    });
  },
);

test('waits between attempts double, and the last failed attempt is the end', async () => {
  const started = await subscribe({
    switches: { hookAttemptLimit: 4, hookRetryBaseMs: 1000 },
  });
  const { simulator, hooks, clock } = started;
  hooks.answerWith(503);
  const startMs = clock.nowMs();
  simulator.sendMessage(simulator.startConversation());

  await passTime(started, () => simulator.counters.hooks.abandoned === 1, 50);

  const waits = hooks.received
    .map((hook) => Number(header('x-crisp-request-timestamp')(hook)) - startMs)
    .map((atMs, index, all) => atMs - (all[index - 1] ?? 0))
    .slice(1);
  expect(waits).toEqual([1000, 2000, 4000]);
});

test.each([
  ['re-stamped', false],
  ['kept', true],
])('a retry’s timestamp is %s, and its signature holds either way', async (position, isSame) => {
  const started = await subscribe({ secret: 's3', switches: { hookRetryBaseMs: 1000 } });
  const { simulator, hooks } = started;
  simulator.setSwitch('hookRetryTimestamp', position);
  hooks.answerWith(500, 200);
  simulator.sendMessage(simulator.startConversation());

  await passTime(started, () => simulator.counters.hooks.acknowledged === 1);

  const [first, second] = hooks.received.map(header('x-crisp-request-timestamp'));
  expect(first === second).toBe(isSame);
  for (const { rawBody, headers } of hooks.received) {
    const timestamp = Number(headers['x-crisp-request-timestamp']);
    const signature = String(headers['x-crisp-signature']);
    expect(new Crisp().verifyWidget('s3', JSON.parse(rawBody), timestamp, signature)).toBe(true);
  }
});

test('in seconds the header has ten digits and signs as such', async () => {
  const { simulator, hooks, clock } = await subscribe({
    secret: 's3',
    switches: { hookTimestampUnit: 'seconds' },
  });
  simulator.sendMessage(simulator.startConversation());
  await simulator.hooks.settled();

  const seconds = Math.floor(clock.nowMs() / 1000);
  const [hook] = hooks.received;
  const signature = String(hook?.headers['x-crisp-signature']);
  expect(hook?.headers['x-crisp-request-timestamp']).toBe(String(seconds));
  expect(new Crisp().verifyWidget('s3', JSON.parse(hook?.rawBody ?? ''), seconds, signature)).toBe(true);
});

test('an escaped body means the same and is ASCII alone', async () => {
  const { simulator, hooks } = await subscribe({ switches: { hookBody: 'escaped' } });
  simulator.sendMessage(simulator.startConversation(), { content: 'Théière 🫖' });
  await simulator.hooks.settled();

  expect(hooks.received[0]?.rawBody).toMatch(/^[ -~]+$/);
  expect(hooks.received[0]?.data).toMatchObject({ content: 'Théière 🫖' });
});

test('hooks are lost and doubled exactly as often as asked', async () => {
  const { simulator, hooks } = await subscribe();
  const session = simulator.startConversation();
  const send = (content: string) => simulator.sendMessage(session, { content });

  simulator.hooks.loseNext(1);
  simulator.hooks.duplicateNext(1);
  for (const content of ['lost', 'doubled', 'plain']) send(content);
  await simulator.hooks.settled();

  const contents = hooks.received.map(({ data }) => data.content).toSorted();
  expect(contents).toEqual(['doubled', 'doubled', 'plain']);
  expect(simulator.counters.hooks).toMatchObject({ deliveries: 4, lost: 1, duplicated: 1, acknowledged: 3 });
});

test('held hooks are released in the order asked for', async () => {
  const { simulator, hooks } = await subscribe({ switches: { hookOrder: 'per-session' } });
  const session = simulator.startConversation();

  simulator.hooks.hold();
  for (const content of ['1', '2', '3']) simulator.sendMessage(session, { content });
  expect(hooks.received).toEqual([]);
  simulator.hooks.release('reversed');
  await simulator.hooks.settled();

  expect(hooks.received.map(({ data }) => data.content)).toEqual(['3', '2', '1']);
});

test('in order, the next hook of a session waits until the one before was acknowledged', async () => {
  const started = await subscribe({ switches: { hookOrder: 'per-session' } });
  const { simulator, hooks } = started;
  hooks.answerWith(500, 200);
  const session = simulator.startConversation();
  for (const content of ['1', '2']) simulator.sendMessage(session, { content });

  await passTime(started, () => simulator.counters.hooks.acknowledged === 2);

  expect(hooks.received.map(({ data }) => data.content)).toEqual(['1', '1', '2']);
});

test('a hook that was given up may be switched off', async () => {
  const started = await subscribe({
    switches: { failingHook: 'disabled', hookAttemptLimit: 1 },
  });
  const { simulator, hooks } = started;
  hooks.answerWith(500);
  const session = simulator.startConversation();
  simulator.sendMessage(session);
  await passTime(started, () => simulator.counters.hooks.abandoned === 1);

  simulator.sendMessage(session);
  await simulator.hooks.settled();

  expect(hooks.received).toHaveLength(1);
});

test('an event whose scope the token lacks is not delivered to its plugin', async () => {
  const { simulator, hooks } = await subscribe({ scopes: ['website:conversation:states'] });
  const session = simulator.startConversation();

  simulator.sendMessage(session);
  simulator.setState(session, 'resolved');
  await simulator.hooks.settled();

  expect(hooks.received.map(({ event }) => event)).toEqual(['session:set_state']);
});

test.each([
  ['without-routing', []],
  ['all', ['session:set_routing']],
])('with %s a website hook tells accordingly of a changed routing', async (position, expected) => {
  const { simulator, hooks } = await subscribe({ mode: 'website', events: ['session:set_routing'] });
  simulator.setSwitch('websiteHookEvents', position);

  simulator.changeConversation(simulator.startConversation(), { routing_id: null });
  await simulator.hooks.settled();

  expect(hooks.received.map(({ event }) => event)).toEqual(expected);
});

test('a hook can only be on this machine', async () => {
  const { simulator } = await startSimulator();

  expect(() => simulator.subscribeHook({ url: 'https://example.com/hook', mode: 'plugin' })).toThrow(
    expect.objectContaining({ code: 'hook_url_not_loopback' }),
  );
});

test('nobody listening is a failed attempt, and stopping ends all retries', async () => {
  const started = await startSimulator();
  const { simulator, server, clock } = started;
  await server.stop();
  simulator.subscribeHook({ url: server.url, mode: 'plugin', events: ['message:send'] });
  simulator.sendMessage(simulator.startConversation());
  await passTime(started, () => simulator.counters.hooks.failedAttempts > 0, 0);

  await simulator.stop();

  expect(clock.sleepers).toBe(0);
});
