import { expect, test } from 'vitest';
import { createDemo } from '../../../lib/local/demo/demo.ts';
import { ARCHIVING_EVENTS } from '../../../lib/local/simulator/events.ts';
import type { Simulator } from '../../../lib/local/simulator/simulator.ts';
import type { VirtualClock } from '../../support/virtual-clock.ts';
import { type HookReceiver, receiveHooks } from '../simulator/support/receive-hooks.ts';
import { startSimulator } from '../simulator/support/start-simulator.ts';

async function startDemo({ seed = 1, speed = 1, coalesceSeconds = 0 } = {}) {
  const { simulator, clock, get } = await startSimulator({ seed });
  const hooks = await receiveHooks();
  simulator.subscribeHook({ url: hooks.url, mode: 'plugin', events: ARCHIVING_EVENTS });
  const said: string[] = [];
  const demo = createDemo({
    ...{ simulator, clock, seed, speed, coalesceSeconds },
    say: (text) => void said.push(text),
  });
  return { demo, simulator, clock, hooks, get, said };
}

// Time stands still while hooks are on their way, as the network does not know of the virtual clock.
async function turnUntil<Result>(
  done: Promise<Result>,
  { clock, simulator }: { clock: VirtualClock; simulator: Simulator },
): Promise<Result> {
  let isDone = false;
  const watched = done.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await simulator.hooks.settled();
    await clock.advance(50);
  }
  return watched;
}

const countOf = ({ received }: HookReceiver, name: string) =>
  received.filter(({ event }) => event === name).length;

test('a show plays twelve conversations within ten seconds and says exactly what it did', async () => {
  const started = await startDemo();

  const totals = await turnUntil(started.demo.playOnce(), started);

  expect(totals.conversations).toBe(12);
  expect(totals.durationMs).toBeLessThanOrEqual(10_000);
  expect(totals.hooksSent).toBe(started.hooks.received.length);
  expect(totals).toMatchObject({ hooksAcknowledged: totals.hooksSent, hooksFailed: 0 });
  expect(totals.hooksSent).toBeGreaterThanOrEqual(55);
  expect(totals.hooksSent).toBeLessThanOrEqual(75);
  expect(new Set(totals.sessions.map(({ sessionId }) => sessionId)).size).toBe(12);
});

test('a show contains edits, a deleted message, resolutions, a reopening and a conversation that is gone', async () => {
  const started = await startDemo();

  const totals = await turnUntil(started.demo.playOnce(), started);

  const { hooks, get } = started;
  const states = hooks.received
    .filter(({ event }) => event === 'session:set_state')
    .map(({ data }) => data.state);
  expect(countOf(hooks, 'message:updated')).toBe(3);
  expect(countOf(hooks, 'message:removed')).toBe(1);
  expect(states.toSorted()).toEqual(['resolved', 'resolved', 'unresolved']);
  expect(countOf(hooks, 'session:removed')).toBe(1);
  expect(totals.removed).toHaveLength(1);
  expect(await get(`conversation/${totals.removed[0]?.sessionId}`)).toMatchObject({ status: 404 });
});

test('some conversation of a show has several events within one second', async () => {
  const started = await startDemo();

  await turnUntil(started.demo.playOnce(), started);

  const bySession = Map.groupBy(started.hooks.received, ({ data }) => data.session_id);
  const busiest = [...bySession.values()].map((events) =>
    Math.max(
      ...events.map(({ timestamp }) => events.filter((e) => Math.abs(e.timestamp - timestamp) < 500).length),
    ),
  );
  expect(busiest.filter((events) => events >= 3).length).toBeGreaterThanOrEqual(2);
});

test('two shows of one seed send the same bytes, and another seed sends others', async () => {
  const runs = [await startDemo({ seed: 7 }), await startDemo({ seed: 7 }), await startDemo({ seed: 8 })];
  const sent: string[][] = [];
  for (const run of runs) {
    await turnUntil(run.demo.playOnce(), run);
    // Hooks of one moment travel beside each other: their arrival has no order.
    sent.push(run.hooks.received.map(({ rawBody }) => rawBody).toSorted());
  }

  expect(sent[1]).toEqual(sent[0]);
  expect(sent[2]).not.toEqual(sent[0]);
});

test('a day goes on until it is stopped, with a rush and one conversation that fails for a while', async () => {
  const started = await startDemo();
  const { demo, simulator, clock } = started;

  demo.start();
  await turnUntil(clock.sleep(62_000), started);
  const failing = simulator.faults.pending();
  await turnUntil(clock.sleep(18_000), started);
  const beforeRush = simulator.websites()[0]?.conversations.size ?? 0;
  await turnUntil(clock.sleep(20_000), started);
  const afterRush = simulator.websites()[0]?.conversations.size ?? 0;
  const healed = simulator.faults.pending();
  await turnUntil(clock.sleep(100_000), started);
  const nextDay = simulator.websites()[0]?.conversations.size ?? 0;
  await turnUntil(demo.stop(), started);

  expect(failing).toMatchObject([{ route: 'messages', effect: { status: 403 } }]);
  // What fails is announced with what to try, and so is its end.
  expect(started.said.join('\n')).toMatch(
    /demo: Crisp will refuse the messages of (session_\S+) for 30 s.*trace \1.*dlq list.*serves \1 again.*redrive --session \1 --yes/s,
  );
  expect(healed).toEqual([]);
  expect(afterRush - beforeRush).toBeGreaterThan(beforeRush / 4);
  expect(nextDay).toBeGreaterThan(afterRush);
  expect(clock.sleepers).toBe(0);
});

test.each([200, 700, 1900])(
  'the first burst falls into one bucket, %i ms after one began',
  async (lateMs) => {
    const started = await startDemo({ coalesceSeconds: 2 });
    const { demo, clock, hooks } = started;
    await turnUntil(clock.sleep(2000 - (clock.nowMs() % 2000) + lateMs), started);

    demo.start();
    await turnUntil(clock.sleep(3000), started);
    await turnUntil(demo.stop(), started);

    const writes = hooks.received.filter(({ event }) => event === 'message:send');
    expect(writes).toHaveLength(4);
    expect(new Set(writes.map(({ timestamp }) => Math.floor(timestamp / 2000))).size).toBe(1);
  },
);
