import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createEventStream } from '../../lib/console/stream.ts';
import { aSession } from '../support/builders.ts';
import { createConsoleScene, playFetch, playHooks } from '../support/console-scene.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

interface StreamEvent {
  readonly id: number;
  readonly name: string;
  readonly data: Record<string, unknown>;
}

type Served = Awaited<ReturnType<ReturnType<typeof createConsoleScene>['serve']>>;

/** Reads a stream of events until the test has ended. */
async function read({ get }: Served, lastId?: number) {
  const answer = await get('/events', lastId === undefined ? {} : { 'last-event-id': String(lastId) });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  onTestFinished(() => void reader?.cancel().catch(() => undefined));
  let text = '';
  let hasEnded = false;
  void (async () => {
    for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read())
      text += chunk.value;
    hasEnded = true;
  })().catch(() => {
    hasEnded = true;
  });
  return {
    answer,
    text: () => text,
    hasEnded: () => hasEnded,
    events: (): StreamEvent[] =>
      [...text.matchAll(/id: (\d+)\nevent: (\w+)\ndata: (.*)\n\n/g)].map(([, id, name = '', data = '']) => ({
        id: Number(id),
        name,
        data: JSON.parse(data),
      })),
  };
}

async function untilSeen(condition: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(condition()).toBe(true), { timeout: 5000, interval: 5 });
}

describe('the stream', () => {
  test('begins with how it stands, and goes on with what changes', async () => {
    const scene = createConsoleScene();
    playHooks(scene, aSession('session_before'));
    const stream = await read(await scene.serve());
    await untilSeen(() => stream.events().some(({ name }) => name === 'line'));
    const before = stream.events().length;
    playHooks(scene, aSession('session_after'), { hooks: 3 });
    await scene.clock.advance(600);
    await untilSeen(() => stream.events().length > before);

    expect(stream.answer.headers.get('content-type')).toBe('text/event-stream');
    expect(stream.answer.headers.get('cache-control')).toBe('no-store');
    expect(stream.events()[0]).toMatchObject({ name: 'overview', data: { isLive: true } });
    const line = stream.events().find(({ name }) => name === 'line');
    expect(line?.data).toMatchObject({ session: aSession('session_before') });
    const data = expect.objectContaining({ hooks: 3, outcome: 'waiting' });
    expect(stream.events().slice(before)).toContainEqual(expect.objectContaining({ name: 'line', data }));
  });

  test('says nothing where nothing changes, but that it is there', async () => {
    const scene = createConsoleScene();
    const stream = await read(await scene.serve());
    await scene.clock.advance(2000);
    await untilSeen(() => stream.events().length > 0);
    const before = stream.events().length;
    for (let seconds = 0; seconds < 20; seconds += 1) await scene.clock.advance(1000);
    await untilSeen(() => stream.text().includes(': still here'));

    expect(stream.events().slice(before)).toEqual([]);
  });

  test('resumes after the last event that was seen', async () => {
    const scene = createConsoleScene();
    const served = await scene.serve();
    const first = await read(served);
    playHooks(scene, aSession('session_a'));
    await scene.clock.advance(600);
    await untilSeen(() => first.events().some(({ data }) => data.outcome === 'waiting'));
    const lastId = first.events().at(-1)?.id ?? 0;
    playFetch(scene, aSession('session_a'));
    await scene.clock.advance(600);
    await untilSeen(() => first.events().some(({ data }) => data.outcome === 'emitted'));
    const second = await read(served, lastId);
    await untilSeen(() => second.events().some(({ data }) => data.outcome === 'emitted'));

    const missed = first.events().filter(({ id }) => id > lastId);
    expect(second.events().slice(0, missed.length)).toEqual(missed);
  });

  test.each([1, 9e15])('begins anew after an id that is not kept: %d', async (lastId) => {
    const scene = createConsoleScene();
    playHooks(scene, aSession());
    const stream = await read(await scene.serve(), lastId);
    await untilSeen(() => stream.events().length >= 2);

    expect(stream.events().slice(0, 2)).toMatchObject([{ name: 'overview' }, { name: 'line' }]);
  });

  test('tells how a redrive goes on', async () => {
    const scene = createConsoleScene();
    const served = await scene.serve();
    const stream = await read(served);
    await served.post('/redrives', { key: 'a-key-of-mine', messageIds: ['gone'] });
    for (let steps = 0; steps < 5; steps += 1) await scene.clock.advance(600);
    await untilSeen(() => stream.events().some(({ data }) => data.endedMs));

    const expected = { id: 'a-key-of-mine', counts: { gone: 1 } };
    expect(stream.events().findLast(({ name }) => name === 'redrive')?.data).toMatchObject(expected);
  });

  test('asks the stage for nothing once nobody reads', async () => {
    const scene = createConsoleScene();
    const asked = vi.spyOn(scene.operations, 'readBreaker');
    const stopping = new AbortController();
    const served = await scene.serve();
    const cookie = served.cookie;
    const answer = await fetch(`${served.url}/events`, { headers: { cookie }, signal: stopping.signal });
    await scene.clock.advance(3000);
    expect(answer.status).toBe(200);
    await untilSeen(() => asked.mock.calls.length > 0);
    stopping.abort();
    await untilSeen(() => scene.clock.sleepers === 0);
    const before = asked.mock.calls.length;
    await scene.clock.advance(60_000);

    expect(asked.mock.calls.length).toBe(before);
  });

  test('of a reader that takes nothing is closed, and what it has not read is let go', async () => {
    const clock = createVirtualClock();
    const event = { name: 'line' as const, data: 'x'.repeat(5 * 1024 * 1024) };
    const stream = createEventStream({ clock, takeNews: async () => [event], readAll: async () => [] });
    onTestFinished(stream.stop);
    const outgoing = Object.assign(new PassThrough(), { writeHead() {} });
    stream.open({ headers: {} } as IncomingMessage, outgoing as never);
    await clock.advance(2000);

    expect(outgoing.destroyed).toBe(true);
    expect(clock.sleepers).toBe(0);
  });

  test('ends with the console', async () => {
    const served = await createConsoleScene().serve();
    const stream = await read(served);
    await served.stop();
    await untilSeen(stream.hasEnded);

    expect(stream.hasEnded()).toBe(true);
  });
});
