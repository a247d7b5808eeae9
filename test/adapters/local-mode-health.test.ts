import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { readLocalModeHealth } from '../../lib/adapters/local-mode-health.ts';
import { listenOnLoopback } from '../../lib/local/http-server.ts';

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
