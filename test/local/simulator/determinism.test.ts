import { expect, test } from 'vitest';
import type { SessionRef } from '../../../lib/core/ids.ts';
import { receiveHooks } from './support/receive-hooks.ts';
import { startSimulator } from './support/start-simulator.ts';

// A little of everything; the bytes of every hook and answer.
async function record(seed: number): Promise<string[]> {
  const { simulator, clock, get } = await startSimulator({ seed });
  const hooks = await receiveHooks();
  simulator.subscribeHook({ url: hooks.url, mode: 'plugin' });
  simulator.setSwitch('hookOrder', 'per-session');
  simulator.hooks.disturbances.setRates({ lose: 0.2, duplicate: 0.2 });
  simulator.seedConversations({ conversations: 3, messages: 30 });

  const session: SessionRef = simulator.startConversation();
  for (const type of ['text', 'picker', 'note', 'carousel'] as const) {
    const { fingerprint } = simulator.sendMessage(session, { type });
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
  busy.simulator.hooks.disturbances.loseNext(3);
  busy.simulator.faults.add({ effect: { kind: 'truncate' }, chance: 0.5, times: 9 });
  await busy.get('conversations/1').catch(() => undefined);

  const sessions = [quiet, busy].map(({ simulator }) => simulator.startConversation());

  expect(sessions[1]).toEqual(sessions[0]);
});
