import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test, vi } from 'vitest';
import { type FrontDoor, openFrontDoor } from '../../lib/local/front-door.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

let door: FrontDoor | undefined;
afterEach(() => door?.stop());

async function openDoor(health: () => object | undefined = () => ({ status: 'ok' })) {
  const events: {
    rawPath: string;
    body?: string;
    isBase64Encoded: boolean;
    headers: Record<string, string | undefined>;
    rawQueryString: string;
    requestContext: { http: { method: string } };
  }[] = [];
  door = await openFrontDoor({
    functions: {
      '/webhook': async (event) => {
        events.push(event);
        return { statusCode: 202, headers: { 'x-test': 'yes' }, body: 'taken' };
      },
    },
    health,
    port: 0,
    bodyLimitBytes: 1000,
    clock: createVirtualClock(),
  });
  return { url: door.url, port: Number(new URL(door.url).port), events };
}

/** Sends bytes as they are, ends its side, and returns all that came back. */
async function sendRaw(port: number, bytes: string): Promise<string> {
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end(bytes);
  return text(socket);
}

test('a request reaches the function as a Function URL event and its answer comes back', async () => {
  const { url, events } = await openDoor();

  const response = await fetch(`${url}/webhook?key=a&key=b`, {
    method: 'POST',
    body: '{"é":1}',
    headers: { 'X-Custom': 'V' },
  });

  expect(response.status).toBe(202);
  expect(response.headers.get('x-test')).toBe('yes');
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.text()).toBe('taken');
  expect(events).toMatchObject([
    { rawPath: '/webhook', rawQueryString: 'key=a&key=b', body: '{"é":1}', isBase64Encoded: false },
  ]);
  expect(events[0]?.headers['x-custom']).toBe('V');
});

test('a body that is no UTF-8 arrives in base64, byte for byte', async () => {
  const { url, events } = await openDoor();
  const bytes = new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]);

  await fetch(`${url}/webhook`, { method: 'POST', body: bytes });

  expect(events[0]).toMatchObject({ isBase64Encoded: true, body: Buffer.from(bytes).toString('base64') });
});

test('two headers of one name are joined by a comma, as a Function URL joins them', async () => {
  const { port, events } = await openDoor();

  await sendRaw(
    port,
    'POST /webhook HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}',
  );

  expect(events[0]?.headers['x-a']).toBe('1,2');
});

test('W7 a body over the limit is refused without being read to its end, with and without a declared length', async () => {
  const { url, events } = await openDoor();
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(600)) });

  const declared = await fetch(`${url}/webhook`, { method: 'POST', body: 'x'.repeat(1001) });
  const streamed = await fetch(`${url}/webhook`, {
    method: 'POST',
    body: endless,
    duplex: 'half',
  } as RequestInit).catch(() => undefined);

  expect(declared.status).toBe(413);
  expect(await declared.json()).toEqual({ error: 'body_too_large', request_id: expect.any(String) });
  expect(streamed === undefined || streamed.status === 413).toBe(true);
  expect(events).toEqual([]);
});

test('W8 a body shorter than its declared length is refused with bad_length', async () => {
  const { port, events } = await openDoor();

  const answer = await sendRaw(port, 'POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{}');

  expect(answer).toContain('HTTP/1.1 400 Bad Request');
  expect(answer).toContain('{"error":"bad_length","request_id":"');
  expect(events).toEqual([]);
});

test.each([
  ['that is negative', 'Content-Length: -2'],
  ['that is no number', 'Content-Length: two'],
  ['that comes twice, and differs', 'Content-Length: 2\r\nContent-Length: 3'],
  ['beside chunks', 'Content-Length: 2\r\nTransfer-Encoding: chunked'],
])(
  'W8 a declared length %s is refused with bad_length, and nothing reaches the function',
  async (_, lengths) => {
    const { port, events } = await openDoor();

    const answer = await sendRaw(port, `POST /webhook HTTP/1.1\r\nHost: x\r\n${lengths}\r\n\r\n{}`);

    expect(answer).toContain('HTTP/1.1 400 Bad Request');
    expect(answer).toContain('{"error":"bad_length","request_id":"');
    expect(events).toEqual([]);
  },
);

test('W8 what exceeds the declared length is no part of the body, and ends the connection with bad_request', async () => {
  const { port, events } = await openDoor();

  const answer = await sendRaw(
    port,
    'POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}{"a":1}',
  );

  expect(answer).toContain('HTTP/1.1 400 Bad Request');
  expect(answer).toContain('{"error":"bad_request","request_id":"');
  expect(events).toMatchObject([{ body: '{}' }]);
});

test.each([
  '/x/../webhook',
  '/./webhook',
  '/%77ebhook',
  '/x/%2e%2e/webhook',
  '/x\\..\\webhook',
  '/\\webhook',
  'http://127.0.0.1/webhook',
])(
  'W2 the path %s, which leads to the webhook only if it is resolved or decoded, is not found',
  async (path) => {
    const { port, events } = await openDoor();

    const answer = await sendRaw(port, `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);

    expect(answer).toMatch(/^HTTP\/1.1 404 Not Found.*"error":"not_found"/s);
    expect(events).toEqual([]);
  },
);

test('what is below a function’s path reaches it as it was sent', async () => {
  const { port, events } = await openDoor();
  const close = 'Content-Length: 0\r\nConnection: close';

  await sendRaw(port, `POST /webhook/a/../b%2F?c=../d&e=%2F? HTTP/1.1\r\nHost: x\r\n${close}\r\n\r\n`);

  expect(events).toMatchObject([{ rawPath: '/webhook/a/../b%2F', rawQueryString: 'c=../d&e=%2F?' }]);
});

test.each(['HEAD', 'PUT', 'OPTIONS', 'TRACE'])(
  'the method %s reaches the function, which decides',
  async (method) => {
    const { port, events } = await openDoor();

    const answer = await sendRaw(port, `${method} /webhook HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);

    expect(answer).toMatch(/^HTTP\/1.1 202 /);
    expect(events).toMatchObject([{ requestContext: { http: { method } } }]);
  },
);

test('a Host of which no URL can be made keeps no hook out', async () => {
  const { port, events } = await openDoor();

  const answer = await sendRaw(
    port,
    'POST /webhook HTTP/1.1\r\nHost: a b\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}',
  );

  expect(answer).toMatch(/^HTTP\/1.1 202 /);
  expect(events).toMatchObject([{ body: '{}' }]);
});

test('a function that fails is answered with 500, and one without a body with none', async () => {
  const results = [
    () => Promise.reject(new Error('defect')),
    () => Promise.resolve({ statusCode: 204 }),
    () => Promise.resolve({ body: 'as it is' }),
  ];
  door = await openFrontDoor({
    functions: { '/webhook': () => results.shift()?.() ?? expect.fail('too many') },
    health: () => ({}),
    port: 0,
    bodyLimitBytes: 1000,
    clock: createVirtualClock(),
  });
  const ask = () => fetch(`${door?.url}/webhook`, { method: 'POST', body: '{}' });

  const failed = await ask();
  expect(failed.status).toBe(500);
  expect(await failed.json()).toEqual({ error: 'unexpected', request_id: expect.any(String) });
  expect((await ask()).status).toBe(204);
  expect(await (await ask()).text()).toBe('as it is');
});

test('W42 headers beyond 16 KB are refused with 431 headers_too_large', async () => {
  const { port } = await openDoor();

  const answer = await sendRaw(
    port,
    `POST /webhook HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`,
  );

  expect(answer).toContain('HTTP/1.1 431');
  expect(answer).toContain('{"error":"headers_too_large","request_id":"');
});

test('what is no HTTP is refused with 400', async () => {
  const { port } = await openDoor();

  expect(await sendRaw(port, 'hello\r\n\r\n')).toContain('{"error":"bad_request","request_id":"');
});

test('healthz is 200 only when the pipeline is ready, and tells what a program needs', async () => {
  let health: object | undefined;
  const { url } = await openDoor(() => health);

  const starting = await fetch(`${url}/healthz`);
  health = { status: 'ok', stage: 'local' };
  const ready = await fetch(`${url}/healthz`);

  expect(starting.status).toBe(503);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toEqual({ status: 'ok', stage: 'local' });
});

test.each(['/', '/webhooks', '/hook', '//hook', '//webhook', '/healthz/x'])(
  'W2 %s is not found',
  async (path) => {
    const { url } = await openDoor();

    const response = await fetch(url + path, { method: 'POST', body: '{}' });

    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: 'not_found', request_id: expect.any(String) });
  },
);

test.each(['evil.example', 'localhost.evil.com', '127.0.0.1.nip.io'])(
  'a page that points %s at this machine learns nothing of it, while a tunnel of that name brings hooks',
  async (host) => {
    const { port } = await openDoor();

    const health = await sendRaw(port, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const hook = await sendRaw(
      port,
      `POST /webhook HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
    );

    expect(health).toMatch(/^HTTP\/1.1 403 .*host_not_allowed/s);
    expect(hook).toMatch(/^HTTP\/1.1 202 /);
  },
);

test('a burst is taken in by a few at a time, in order, and each one’s time starts with its turn', async () => {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const clock = createVirtualClock(1000);
  const times: number[] = [];
  door = await openFrontDoor({
    functions: {
      '/webhook': async ({ requestContext }) => {
        times.push(requestContext.timeEpoch);
        await opened;
        return { statusCode: 202 };
      },
    },
    health: () => undefined,
    port: 0,
    bodyLimitBytes: 1000,
    clock,
  });
  const { url } = door;

  const answers = Array.from({ length: 100 }, () => fetch(`${url}/webhook`, { method: 'POST', body: '{}' }));
  // All of them have arrived when a request that came last is answered by what takes no turn.
  await vi.waitFor(() => expect(times.length).toBeGreaterThanOrEqual(16));
  await Promise.all(Array.from({ length: 100 }, () => fetch(`${url}/healthz`)));
  const atOnce = times.length;
  await clock.advance(5000);
  open();
  const statuses = await Promise.all(answers.map(async (answer) => (await answer).status));

  expect(atOnce).toBe(16);
  expect(statuses).toEqual(Array(100).fill(202));
  expect(times.slice(0, 16)).toEqual(Array(16).fill(1000));
  expect(new Set(times.slice(16))).toEqual(new Set([6000]));
});
