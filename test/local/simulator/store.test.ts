import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { SessionRef } from '../../../lib/ids.ts';
import type { Simulator } from '../../../lib/local/simulator/simulator.ts';
import { receiveHooks } from './support/receive-hooks.ts';
import { startSimulator } from './support/start-simulator.ts';

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'simulator-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const stateOf = (simulator: Simulator) =>
  simulator.websites().map(({ conversations, profiles }) => [[...conversations], [...profiles]]);

test('conversations and profiles survive, changed, removed and seeded ones alike', async () => {
  const dataDir = makeFolder();
  const { simulator } = await startSimulator({ dataDir });
  simulator.seedConversations({ conversations: 3, messages: 4 });
  const [first, second] = [
    simulator.startConversation(),
    simulator.startConversation({ email: 'ada@example.com' }),
  ];
  const { fingerprint } = simulator.sendMessage(first, { content: 'teapto' });
  simulator.editMessage(first, fingerprint, 'teapot');
  simulator.setState(first, 'resolved');
  simulator.removeConversation(second);
  simulator.startConversation({ parentSessionId: first.sessionId });
  const peopleId = simulator.readConversation(first)?.conversation.people_id ?? '';
  simulator.changeProfile({ websiteId: first.websiteId, peopleId }, { notepad: 'likes oolong' });

  // Nothing is stopped before: the second start finds what a killed process leaves.
  const again = await startSimulator({ dataDir });

  expect(stateOf(again.simulator)).toEqual(stateOf(simulator));
  expect(again.simulator.account).toEqual(simulator.account);
  expect(await again.get('people/profile/ada@example.com')).toMatchObject({ status: 200 });
  expect(await again.get(`conversation/${first.sessionId}`)).toMatchObject({
    data: { last_message: 'teapot' },
  });
});

test('a restart draws new ids', async () => {
  const dataDir = makeFolder();
  const before = (await startSimulator({ dataDir })).simulator.startConversation();

  const after = (await startSimulator({ dataDir })).simulator.startConversation();

  expect(after.sessionId).not.toBe(before.sessionId);
});

test('plugin hooks that were not acknowledged are delivered after a restart, and only those', async () => {
  const dataDir = makeFolder();
  const { simulator } = await startSimulator({ dataDir });
  const hooks = await receiveHooks();
  simulator.subscribeHook({ url: hooks.url, mode: 'plugin', events: ['message:send'] });
  const session = simulator.startConversation();
  simulator.sendMessage(session, { content: 'acknowledged' });
  await simulator.hooks.settled();
  hooks.answerWith('hang');
  simulator.sendMessage(session, { content: 'on its way' });
  simulator.hooks.hold();
  simulator.sendMessage(session, { content: 'held' });

  const again = await startSimulator({ dataDir });
  const later = await receiveHooks();
  again.simulator.subscribeHook({ url: later.url, mode: 'plugin' });
  await again.simulator.hooks.settled();
  const third = await startSimulator({ dataDir });
  const last = await receiveHooks();
  third.simulator.subscribeHook({ url: last.url, mode: 'plugin' });
  await third.simulator.hooks.settled();

  expect(later.received.map(({ data }) => data.content).toSorted()).toEqual(['held', 'on its way']);
  expect(last.received).toEqual([]);
});

test('a line that a killed process left unfinished never happened', async () => {
  const dataDir = makeFolder();
  const { simulator } = await startSimulator({ dataDir });
  simulator.startConversation();
  appendFileSync(join(dataDir, 'simulator.jsonl'), '{"kind":"conversation","websiteId":"');

  const again = await startSimulator({ dataDir });

  expect(stateOf(again.simulator)).toEqual(stateOf(simulator));
});

test('a start leaves one line for each thing', async () => {
  const dataDir = makeFolder();
  const { simulator } = await startSimulator({ dataDir });
  const session = simulator.startConversation({ isAnonymous: true });
  for (let message = 0; message < 50; message += 1) simulator.sendMessage(session);

  await startSimulator({ dataDir });

  const lines = readFileSync(join(dataDir, 'simulator.jsonl'), 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).kind)).toEqual(['started', 'started', 'conversation']);
});

// A little of everything; the bytes of every hook and answer.
async function record(seed: number): Promise<string[]> {
  const { simulator, clock, get } = await startSimulator({ seed });
  const hooks = await receiveHooks();
  simulator.subscribeHook({ url: hooks.url, mode: 'plugin' });
  simulator.setSwitch('hookOrder', 'per-session');
  simulator.seedConversations({ conversations: 3, messages: 30 });

  const session: SessionRef = simulator.startConversation();
  for (const type of ['text', 'picker', 'note', 'carousel'] as const) {
    const { fingerprint } = simulator.sendMessage(session, { type });
    // A hook is stamped when it is sent: it must be, before the time turns.
    await simulator.hooks.settled();
    await clock.advance(1000);
    if (type === 'note') simulator.removeMessage(session, fingerprint);
  }
  simulator.setState(session, 'resolved');
  await simulator.hooks.settled();

  const paths = [
    'conversations/1',
    `conversation/${session.sessionId}`,
    `conversation/${session.sessionId}/messages`,
  ];
  const answers = await Promise.all(paths.map((path) => get(path)));
  const sent = hooks.received.map(({ rawBody, headers, url }) =>
    JSON.stringify([url, rawBody, withoutHost(headers)]),
  );
  return [
    ...sent.toSorted(),
    ...answers.map(({ status, data, headers }) => JSON.stringify([status, data, [...headers]])),
  ];
}

// The receiver's port is the machine's choice.
function withoutHost({ host: _host, ...headers }: Readonly<Record<string, unknown>>) {
  return headers;
}

test('equal seeds, actions and clocks give equal bytes; another seed gives others', async () => {
  const [first, second, other] = [await record(11), await record(11), await record(12)];

  expect(first.length).toBeGreaterThan(10);
  expect(second).toEqual(first);
  expect(other).not.toEqual(first);
});

test('the date of an answer is that of the simulator’s clock, not of the machine', async () => {
  const { get } = await startSimulator();

  expect((await get('conversations/1')).headers.get('Date')).toBe('Thu, 01 Oct 2026 12:00:00 GMT');
});

test('a request more, a fault or a lost hook changes no id', async () => {
  const quiet = await startSimulator({ seed: 5 });
  const busy = await startSimulator({ seed: 5, latency: { minMs: 0, maxMs: 0 } });
  busy.simulator.hooks.loseNext(3);
  busy.simulator.faults.add({ effect: { kind: 'truncate' }, chance: 0.5, times: 9 });
  await busy.get('conversations/1').catch(() => undefined);

  const sessions = [quiet, busy].map(({ simulator }) => simulator.startConversation());

  expect(sessions[1]).toEqual(sessions[0]);
});

test('seeded conversations share timestamps at exactly the places that were asked for', async () => {
  const { simulator } = await startSimulator();

  const [session] = simulator.seedConversations({ conversations: 1, messages: 61, equalTimestampsEvery: 20 });

  const times = session
    ? simulator.readConversation(session)?.messages.map(({ timestamp }) => timestamp)
    : [];
  const twins = times?.flatMap((timestamp, index) =>
    timestamp === times[index + 1] ? [61 - 1 - index] : [],
  );
  expect(twins).toEqual([60, 40, 20]);
});
