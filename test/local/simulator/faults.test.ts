import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { startSimulator, toCredentials } from './support/start-simulator.ts';

async function startWithSession() {
  const started = await startSimulator();
  const [session] = started.simulator.seedConversations({ conversations: 1, messages: 30 });
  const path = `conversation/${session?.sessionId}/messages`;
  const url = `${started.server.url}/v1/website/${started.simulator.websiteId}/${path}`;
  const raw = () => fetch(url, { headers: toCredentials(started.simulator), redirect: 'manual' });
  return { ...started, sessionId: session?.sessionId ?? '', path, raw };
}

test('a fault meets its route and session only, as often as asked, after as many as asked', async () => {
  const { simulator, get, path, sessionId } = await startWithSession();
  const other = simulator.startConversation();
  const effect = { kind: 'answer', status: 503, reason: 'server_error' } as const;
  simulator.faults.add({ effect, route: 'messages', sessionId, times: 2, after: 1 });

  const statuses: number[] = [];
  for (let request = 0; request < 4; request += 1) {
    expect((await get(`conversation/${sessionId}`)).status).toBe(200);
    expect((await get(`conversation/${other.sessionId}/messages`)).status).toBe(200);
    statuses.push((await get(path)).status);
  }

  expect(statuses).toEqual([206, 503, 503, 206]);
  expect(simulator.faults.pending()).toEqual([]);
});

test('a body of any kind can be answered: HTML, a redirect, compressed bytes', async () => {
  const { simulator, raw } = await startWithSession();
  const headers = { 'Content-Type': 'text/html' };
  simulator.faults.add({ effect: { kind: 'body', status: 200, body: '<html>', headers } });
  simulator.faults.add({
    effect: { kind: 'body', status: 302, body: '', headers: { Location: 'http://127.0.0.1:1/' } },
  });
  const body = gzipSync('{"squeezed":true}').toString('base64');
  const encoded = { 'Content-Encoding': 'gzip' };
  simulator.faults.add({ effect: { kind: 'body', status: 200, body, encoding: 'base64', headers: encoded } });

  const html = await raw();
  const redirect = await raw();
  const squeezed = await raw();

  expect(html.headers.get('Content-Type')).toBe('text/html');
  expect(await html.text()).toBe('<html>');
  expect(redirect).toMatchObject({ status: 302 });
  expect(redirect.headers.get('Location')).toBe('http://127.0.0.1:1/');
  expect(await squeezed.json()).toEqual({ squeezed: true });
});

test('a truncated answer ends properly in the middle of its JSON', async () => {
  const { simulator, raw } = await startWithSession();
  simulator.faults.add({ effect: { kind: 'truncate' } });

  const text = await (await raw()).text();

  expect(() => JSON.parse(text)).toThrow(SyntaxError);
});

test('an error flag can come with a good status', async () => {
  const { simulator, raw } = await startWithSession();
  simulator.faults.add({ effect: { kind: 'error-flag', reason: 'internal_error' } });

  const answer = await raw();

  expect(answer.status).toBe(206);
  expect(await answer.json()).toMatchObject({ error: true, reason: 'internal_error' });
});

test.each(['before-headers', 'mid-body'] as const)('a connection reset %s fails the request', async (at) => {
  const { simulator, raw } = await startWithSession();
  simulator.faults.add({ effect: { kind: 'reset', at } });

  await expect(raw().then((answer) => answer.text())).rejects.toThrow();
  expect(simulator.counters.snapshot().requests.byStatus).toEqual({ reset: 1 });
});

test('a request that hangs is counted and never answered', async () => {
  const { simulator, server, path } = await startWithSession();
  simulator.faults.add({ effect: { kind: 'hang' } });
  const abort = new AbortController();
  const url = `${server.url}/v1/website/${simulator.websiteId}/${path}`;

  const hanging = fetch(url, { headers: toCredentials(simulator), signal: abort.signal });
  while (simulator.counters.snapshot().requests.total === 0)
    await new Promise((resolve) => setImmediate(resolve));
  abort.abort();

  await expect(hanging).rejects.toThrow('aborted');
  expect(simulator.counters.snapshot().requests.byStatus).toEqual({ hang: 1 });
});

test('a late or trickling answer is the right one', async () => {
  const { simulator, raw, clock } = await startWithSession();
  const undisturbed = await (await raw()).text();
  simulator.faults.add({ effect: { kind: 'delay', delayMs: 9000 } });
  simulator.faults.add({ effect: { kind: 'trickle', bytes: 2000, everyMs: 100 } });

  for (let answer = 0; answer < 2; answer += 1) {
    let text: string | undefined;
    const reading = raw()
      .then((response) => response.text())
      .then((body) => {
        text = body;
      });
    while (text === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(100);
    }
    await reading;
    expect(text).toBe(undisturbed);
  }
});

test('faults by chance repeat with the seed', async () => {
  const run = async (seed: number) => {
    const { simulator, get } = await startSimulator({ seed });
    const effect = { kind: 'answer', status: 500, reason: 'server_error' } as const;
    simulator.faults.add({ effect, chance: 0.5, times: 1000 });
    const statuses: number[] = [];
    for (let request = 0; request < 20; request += 1) statuses.push((await get('conversations/1')).status);
    return statuses;
  };

  const [first, second, other] = [await run(3), await run(3), await run(4)];

  expect(new Set(first)).toEqual(new Set([200, 500]));
  expect(second).toEqual(first);
  expect(other).not.toEqual(first);
});
