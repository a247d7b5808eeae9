import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLocalModeSwitch, readLocalModeHealth } from '../../lib/adapters/local-mode-health.ts';
import { openFrontDoor } from '../../lib/local/front-door.ts';
import { listenOnLoopback } from '../../lib/local/http-server.ts';
import type { ConsumerSwitch } from '../../lib/ports/consumer-switch.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const QUEUE = 'http://127.0.0.1:4566/000000000000/q';
const HEALTH = {
  status: 'ok',
  stage: 'local',
  aws: {
    region: 'us-east-1',
    endpoints: {
      sqs: 'http://127.0.0.1:4566',
      s3: 'http://127.0.0.1:4566',
      dynamodb: 'http://127.0.0.1:4567',
    },
  },
  queues: {
    sessions: QUEUE,
    'sessions-dlq': `${QUEUE}-dlq`,
    records: QUEUE,
    'records-dlq': QUEUE,
    'records-undelivered': QUEUE,
  },
  bucket: 'b',
  table: 't',
};

/** A server that answers every request so. */
async function aServer(answer: unknown, { status = 200, headers = {} } = {}): Promise<URL> {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  const { url, stop } = await listenOnLoopback(server, 0);
  onTestFinished(stop);
  return new URL(url);
}

test('a running local mode tells where everything is', async () => {
  const stage = await readLocalModeHealth(await aServer(HEALTH));

  expect(stage).toMatchObject({ stage: 'local', bucket: 'b', table: 't', consumer: undefined });
  expect(stage.queues['sessions-dlq']).toBe(`${QUEUE}-dlq`);
});

test.each([
  ['nothing but text', 'hello', {}],
  ['another program’s JSON', { status: 'ok' }, {}],
  ['a start that is not over', { status: 'starting' }, { status: 503 }],
  ['a redirect', '', { status: 302, headers: { location: 'https://example.com/' } }],
])('%s is no local mode', async (_what, answer, options) => {
  const url = await aServer(answer, options);

  await expect(readLocalModeHealth(url)).rejects.toMatchObject({ code: 'local_mode_absent' });
});

test('a port on which nobody listens is no local mode, and the sentence says how to start one', async () => {
  const server = createServer();
  const { url, stop } = await listenOnLoopback(server, 0);
  await stop();

  await expect(readLocalModeHealth(new URL(url))).rejects.toMatchObject({
    code: 'local_mode_absent',
    message: expect.stringMatching(/^no local mode at http:\/\/127\.0\.0\.1:\d+: run `npm start`/),
  });
});

test('an address, an endpoint or a queue elsewhere is refused: production is reached by --stage alone', async () => {
  const elsewhere = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-prod-sessions-dlq.fifo';
  const withQueue = { ...HEALTH, queues: { ...HEALTH.queues, 'sessions-dlq': elsewhere } };
  const endpoints = { ...HEALTH.aws.endpoints, dynamodb: 'http://192.0.2.1:8000' };
  const withEndpoint = { ...HEALTH, aws: { ...HEALTH.aws, endpoints } };

  for (const url of [
    new URL('http://192.0.2.1:4700'),
    await aServer(withQueue),
    await aServer(withEndpoint),
  ]) {
    await expect(readLocalModeHealth(url)).rejects.toMatchObject({ code: 'endpoint_not_loopback' });
  }
});

describe('the deliveries of local mode', () => {
  const turned: string[] = [];
  const deliveries: ConsumerSwitch = {
    read: async () => (turned.at(-1) === 'off' ? 'off' : 'on'),
    turnOn: async () => void turned.push('on'),
    turnOff: async () => void turned.push('off'),
  };
  const open = async () => {
    turned.length = 0;
    const door = await openFrontDoor({
      functions: {},
      health: () => ({}),
      deliveries,
      port: 0,
      bodyLimitBytes: 1000,
      clock: createVirtualClock(),
    });
    onTestFinished(door.stop);
    return door.url;
  };

  test('are read and turned by the tools of this machine', async () => {
    const url = await open();
    const local = createLocalModeSwitch(new URL(url));

    const states = [await local.read()];
    await local.turnOff();
    states.push(await local.read());
    await local.turnOn();
    states.push(await local.read());

    expect(states).toEqual(['on', 'off', 'on']);
    expect(turned).toEqual(['off', 'on']);
  });

  test.each([
    ['GET', '/deliveries/off', {}, 404],
    ['POST', '/deliveries', {}, 404],
    ['POST', '/deliveries/off/', {}, 404],
    ['POST', '/deliveries/off', { origin: 'https://evil.example' }, 403],
    ['GET', '/deliveries', { origin: 'null' }, 403],
  ])('%s %s with %j turns nothing: %d', async (method, path, headers, status) => {
    const url = await open();

    const response = await fetch(`${url}${path}`, { method, headers });

    expect(response.status).toBe(status);
    expect(turned).toEqual([]);
  });

  test('that cannot be reached are switch_failed, not a crash', async () => {
    const nowhere = createLocalModeSwitch(new URL('http://127.0.0.1:9'));

    await expect(nowhere.read()).rejects.toMatchObject({ reason: 'switch_failed:local_mode_absent' });
    await expect(nowhere.turnOn()).rejects.toMatchObject({ reason: 'switch_failed:local_mode_absent' });
  });
});
