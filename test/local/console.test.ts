import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import type { Conversation, DeadLetters, Lines, Redrive } from '../../lib/console/model.ts';
import { createConsole } from '../../lib/console/server.ts';
import { openFrontDoor } from '../../lib/local/front-door.ts';
import { type LocalScene, simulatorOf, spawnLocalMode, startLocalScene } from '../support/local-scene.ts';

const HEADERS = { 'content-type': 'application/json', 'x-crisp-enrich-console': '1' };

/** A browser that has opened the address of the banner. */
async function openConsole({ console, console_token: token }: LocalScene['mode']['health']) {
  const post = (path: string, body: object, cookie = '') =>
    fetch(`${console}/api${path}`, {
      method: 'POST',
      headers: { ...HEADERS, cookie },
      body: JSON.stringify(body),
    });
  const answer = await post('/session', { token });
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  return {
    get: async <Answer>(path: string) =>
      (await fetch(`${console}/api${path}`, { headers: { cookie } })).json() as Promise<Answer>,
    post: async <Answer>(path: string, body: object) =>
      (await post(path, body, cookie)).json() as Promise<Answer>,
    stream: () => fetch(`${console}/api/events`, { headers: { cookie } }),
  };
}

async function until<Answer>(
  read: () => Promise<Answer>,
  isThere: (answer: Answer) => boolean,
): Promise<Answer> {
  for (let looks = 0; looks < 150; looks += 1) {
    const answer = await read();
    if (isThere(answer)) return answer;
    await wait(100);
  }
  throw new Error(`it did not come: ${JSON.stringify(await read())}`);
}

test('a conversation that failed is seen with its reason, comes back by one click, and becomes a record', {
  timeout: 90_000,
}, async () => {
  const scene = await startLocalScene({ env: { MAX_ATTEMPTS: '2' } });
  onTestFinished(scene.stop);
  const simulator = simulatorOf(scene);
  const console = await openConsole(scene.mode.health);
  const [session] = simulator.seedConversations({ conversations: 1, messages: 3 });
  if (!session) throw new Error('no session');
  const heal = simulator.faults.add({
    effect: { kind: 'truncate' },
    route: 'messages',
    sessionId: session.sessionId,
    times: Number.POSITIVE_INFINITY,
  });
  await scene.hook(session);
  await until(
    () => console.get<DeadLetters>('/dead-letters'),
    ({ total }) => total === 1,
  );

  const { groups } = await console.get<DeadLetters>('/dead-letters');
  const { lines } = await console.get<Lines>('/lines');
  const story = await console.get<Conversation>(`/conversations/${session.websiteId}/${session.sessionId}`);
  expect(groups).toMatchObject([
    { code: 'bad_response', count: 1, canRedrive: true, remedy: expect.stringContaining('proxy') },
  ]);
  expect(lines).toMatchObject([{ session, outcome: 'dead', failure: { code: 'bad_response:truncated' } }]);
  expect(story.timeline.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['hook', 'failed', 'dead', 'dead-lettered']),
  );

  heal();
  const { id } = await console.post<{ id: string }>('/redrives', { key: 'a-key-of-mine', all: true });
  const redrive = await until(
    () => console.get<Redrive>(`/redrives/${id}`),
    ({ endedMs }) => endedMs !== null,
  );
  const [record] = await scene.receiveRecords(1);
  expect(redrive).toMatchObject({ moved: 1, entries: [{ session, state: 'record' }] });
  expect(await console.get<DeadLetters>('/dead-letters')).toMatchObject({ total: 0, isWhole: true });
  await until(
    () => console.get<Redrive>(`/redrives/${id}`),
    ({ entries }) => entries[0]?.version === record?.version,
  );
  // Names are read beside the list.
  const { lines: after } = await until(
    () => console.get<Lines>('/lines'),
    ({ lines: [line] }) => line?.name === record?.meta?.nickname,
  );
  expect(after).toMatchObject([{ session, outcome: 'emitted', failure: null }]);
});

test('a stream that is open does not hold the end up', async () => {
  const local = await spawnLocalMode([], {});
  const { stream } = await openConsole(local.health);
  const answer = await stream();
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let seen = '';
  while (!seen.includes('event: overview')) seen += (await reader?.read())?.value ?? '';
  const startedMs = performance.now();
  const code = await local.end('SIGINT');

  expect({ code, isQuick: performance.now() - startedMs < 5000 }).toEqual({ code: 130, isQuick: true });
  while (!(await reader?.read())?.done);
});

test.each([
  ['GET /console HTTP/1.1', 403, 'host_not_allowed'],
  ['GET /console HTTP/1.1\r\nHost: evil.example:PORT', 403, 'host_not_allowed'],
  ['GET /console/api/events HTTP/1.1\r\nHost: a b', 403, 'host_not_allowed'],
  ['GET /console/../healthz HTTP/1.1\r\nHost: localhost:PORT', 404, 'not_found'],
  ['GET /console/assets/..%2f..%2fpackage.json HTTP/1.1\r\nHost: localhost:PORT', 404, 'not_found'],
  ['GET /console/%2e%2e/healthz HTTP/1.1\r\nHost: localhost:PORT', 404, 'not_found'],
  [
    'GET /console HTTP/1.1\r\nHost: localhost:PORT\r\nOrigin: https://evil.example',
    403,
    'origin_not_allowed',
  ],
  ['GET /consolex HTTP/1.1\r\nHost: localhost:PORT', 404, 'not_found'],
])('behind the front door, %j is refused', async (request, status, code) => {
  const { answer } = createConsole({
    token: 'abc',
    clock: systemClock,
    connect: () => Promise.reject(new Error('nobody asks the stage')),
  });
  const options = { functions: {}, health: () => ({ secret: 'healthz' }), port: 0, bodyLimitBytes: 1000 };
  const door = await openFrontDoor({ ...options, console: answer, clock: systemClock });
  onTestFinished(door.stop);
  const { port } = new URL(door.url);
  const socket = connect({ port: Number(port), host: '127.0.0.1' });
  socket.write(`${request.replace('PORT', port)}\r\nConnection: close\r\n\r\n`);
  const received = await text(socket);

  expect(received).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(received).toContain(code);
  expect(received).not.toMatch(/access-control|healthz"/i);
});
