import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { createConsole } from '../../lib/console/server.ts';

const TOKEN = 'a-token-of-this-start-0123456789';

const server = createServer({ requireHostHeader: false });
let port: number;

beforeAll(async () => {
  server.on(
    'request',
    createConsole({ token: TOKEN, clock: systemClock, connect: () => Promise.reject(new Error('no stage')) })
      .answer,
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

/** Sends a request as it is written, since `fetch` sets Host and Origin itself. */
async function send(
  requestLine: string,
  { headers = {}, body = '' }: { headers?: Record<string, string | undefined>; body?: string } = {},
): Promise<{ status: number; head: string; body: string }> {
  const socket = connect({ port, host: '127.0.0.1' });
  const all = { Host: `127.0.0.1:${port}`, ...headers, 'Content-Length': String(body.length) };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}: ${value}`,
  );
  socket.write(
    `${[`${requestLine} HTTP/1.1`, ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`,
    'latin1',
  );
  const answer = await text(socket);
  const [head = '', ...rest] = answer.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head, body: rest.join('\r\n\r\n') };
}

const JSON_POST = { 'Content-Type': 'application/json', 'X-Crisp-Enrich-Console': '1' };

const sendToken = (token: unknown, headers = {}) =>
  send('POST /console/api/session', {
    headers: { ...JSON_POST, ...headers },
    body: JSON.stringify({ token }),
  });

const redrive = (headers: Record<string, string | undefined>) =>
  send('POST /console/api/redrives', { headers, body: '{}' });

const refused = (status: number, code: string) => ({ status, body: expect.stringContaining(code) });

async function openSession(): Promise<string> {
  const answer = await sendToken(TOKEN);
  return /set-cookie: ([^;]+)/i.exec(answer.head)?.[1] ?? '';
}

const PATHS = ['/console', '/console/assets/page.css', '/console/api/overview', '/console/api/events'];

describe.each(PATHS)('%s', (path) => {
  test.each([
    'evil.example:PORT',
    'localhost.evil.com:PORT',
    '127.0.0.1.nip.io:PORT',
    '127.0.0.1',
    'localhost:1',
    '127.0.0.2:PORT',
    `localhost:PORT\r\nHost: localhost:PORT`,
    undefined,
  ])('is refused to the Host %s', async (host) => {
    const answer = await send(`GET ${path}`, {
      headers: { Host: host?.replaceAll('PORT', String(port)), Cookie: await openSession() },
    });

    expect(answer).toMatchObject(refused(403, 'host_not_allowed'));
  });

  test.each([
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
    { Origin: 'http://127.0.0.1:1' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { Origin: 'https://evil.example', Upgrade: 'websocket', Connection: 'Upgrade' },
  ])('is refused to a page of another origin: %j', async (headers) => {
    const answer = await send(`GET ${path}`, { headers: { ...headers, Cookie: await openSession() } });
    expect(answer).toMatchObject(refused(403, 'origin_not_allowed'));
  });
});

test.each(['127.0.0.1', 'localhost', '[::1]', 'LOCALHOST'])('%s is this machine', async (name) => {
  const { status, body } = await send('GET /console', { headers: { Host: `${name}:${port}` } });
  expect({ status, isPage: body.includes('/console/assets/page.js') }).toEqual({ status: 200, isPage: true });
});

describe('the token', () => {
  test.each(['/console/api/overview', `/console/api/overview?token=${TOKEN}`])(
    'is asked for by %s, and no query brings it',
    async (target) => expect(await send(`GET ${target}`)).toMatchObject(refused(401, 'session_missing')),
  );

  test.each([{}, { Cookie: 'crisp_enrich_console_PORT=wrong' }, { Authorization: `Bearer ${TOKEN}` }])(
    'a POST with %j is not let in',
    async ({ Cookie, ...headers }: Record<string, string>) => {
      const cookie = Cookie?.replace('PORT', String(port));
      expect((await redrive({ ...JSON_POST, ...headers, Cookie: cookie })).status).toBe(401);
    },
  );

  test.each(['wrong', '', 1, null, { a: TOKEN }])('%j is not the token', async (token) => {
    const answer = await sendToken(token);
    expect(answer).toMatchObject(refused(401, 'token_mismatch'));
    expect(answer.head).not.toMatch(/set-cookie/i);
  });

  test('is exchanged for a cookie that no script and no other site can use', async () => {
    const ownPage = { Origin: `http://127.0.0.1:${port}`, 'Sec-Fetch-Site': 'same-origin' };
    const { status, head } = await sendToken(TOKEN, ownPage);

    expect(status).toBe(200);
    expect(head).toMatch(
      /^set-cookie: crisp_enrich_console_\d+=[\w-]{32}; HttpOnly; SameSite=Strict; Path=\/console$/im,
    );
    expect(head).not.toContain(TOKEN);
  });
});

describe('a POST', () => {
  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    undefined,
  ])('of the type %s is refused', async (type) => {
    const headers = { ...JSON_POST, 'Content-Type': type, Cookie: await openSession() };
    expect((await redrive(headers)).status).toBe(415);
  });

  test('without the header of the page is refused', async () => {
    const answer = await redrive({ 'Content-Type': 'application/json', Cookie: await openSession() });
    expect(answer).toMatchObject(refused(403, 'header_missing'));
  });

  test.each(['{', '[', '1', 'null', '\xff'])('whose body is %j is refused', async (body) => {
    const answer = await send('POST /console/api/session', { headers: JSON_POST, body });
    expect(answer).toMatchObject(refused(400, 'invalid_json'));
  });
});

test.each(['OPTIONS', 'PUT', 'DELETE', 'HEAD', 'TRACE'])('%s is not answered', async (method) => {
  const { status, head } = await send(`${method} /console/api/redrives`, {
    headers: { 'Access-Control-Request-Method': 'POST' },
  });

  expect(status).toBe(405);
  expect(head).not.toMatch(/access-control/i);
});

test.each([
  '/console/assets/..%2f..%2fpackage.json',
  '/console/assets/../../package.json',
  '/console/assets/%2e%2e/%2e%2e/package.json',
  '/console/assets/page.js/..',
  '/console/assets/',
  '/console/../healthz',
  '/console/dead-letters/<img src=x onerror=alert(1)>'.replaceAll(' ', '%20'),
  '/console/conversations/a/b',
])('%s is not found, and not repeated', async (path) => {
  const { status, body } = await send(`GET ${path}`, { headers: { Cookie: await openSession() } });
  expect(status).toBe(404);
  const problem = { type: 'about:blank', title: 'not found', status: 404, code: 'not_found' };
  expect(JSON.parse(body)).toEqual(problem);
});

test.each([...PATHS, '/console/nowhere', '/console/assets/page.js'])(
  '%s says how it may be used',
  async (path) => {
    const { head } = await send(`GET ${path}`);

    expect(head.toLowerCase().split('\r\n')).toEqual(
      expect.arrayContaining([
        "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
          "img-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; " +
          "require-trusted-types-for 'script'; trusted-types 'none'",
        'cache-control: no-store',
        'x-content-type-options: nosniff',
        'referrer-policy: no-referrer',
        'cross-origin-resource-policy: same-origin',
        'cross-origin-opener-policy: same-origin',
      ]),
    );
    expect(head).not.toMatch(/access-control/i);
  },
);

test('the assets are made of the sources', async () => {
  const script = await send('GET /console/assets/page.js');
  const style = await send('GET /console/assets/page.css');

  expect(script.head).toMatch(/content-type: text\/javascript; charset=utf-8/i);
  expect(script.body.length).toBeGreaterThan(1000);
  expect(style.head).toMatch(/content-type: text\/css; charset=utf-8/i);
});
