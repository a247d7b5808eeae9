import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, expect, test } from 'vitest';
import { startEmbeddedAws } from '../../../lib/local/aws/embedded-aws.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { bodiesOf, type LocalAws, startLocalAws } from './support/start-local-aws.ts';

let local: LocalAws | undefined;

afterEach(async () => {
  await local?.stop();
  local = undefined;
});

async function start(options: Parameters<typeof startLocalAws>[0] = {}): Promise<LocalAws> {
  local = await startLocalAws(options);
  return local;
}

async function statusOf(url: string, headers: Record<string, string>, method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject).end();
  });
}

test('both servers listen on 127.0.0.1 and on no other address of the machine', async () => {
  const { aws } = await start();
  const others = Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address);
  const urls = [aws.endpoints.sqs, aws.endpoints.dynamodb].map((url) => new URL(url));

  const refused = urls.flatMap(({ port }) =>
    ['127.0.0.2', ...others].map((host) => canConnect(host, Number(port))),
  );

  expect(urls.map(({ hostname }) => hostname)).toEqual(['127.0.0.1', '127.0.0.1']);
  expect(await Promise.all(refused)).not.toContain(true);
});

test.each(['sqs', 'dynamodb'] as const)(
  '%s answers only requests that name this machine and come from no web page',
  async (service) => {
    const url = (await start()).aws.endpoints[service];

    expect(await statusOf(url, {})).toBe(200);
    expect(await statusOf(url, { host: 'localhost:4566' })).toBe(200);
    expect(await statusOf(url, { host: 'rebound.example.com' })).toBe(403);
    expect(await statusOf(url, { host: '127.0.0.1.example.com' })).toBe(403);
    expect(await statusOf(url, { origin: 'https://example.com' })).toBe(403);
    expect(await statusOf(url, { origin: 'null' }, 'POST')).toBe(403);
    expect(await statusOf(url, { 'sec-fetch-site': 'cross-site' })).toBe(403);
  },
);

test('a queue URL is one that resolves, under the endpoint', async () => {
  const { aws, createQueue } = await start();

  const url = await createQueue('jobs');

  expect(url).toBe(`${aws.endpoints.sqs}/000000000000/jobs`);
});

test('a taken port is the error of the system', async () => {
  const { aws } = await start();
  const port = Number(new URL(aws.endpoints.sqs).port);

  const second = startEmbeddedAws({ port });

  await expect(second).rejects.toThrow(expect.objectContaining({ code: 'EADDRINUSE' }));
});

test('stop ends long polls and open connections at once', async () => {
  const aws = await start();
  const queue = await aws.createQueue('jobs');
  const polling = aws.receive(queue, 10, 20).then(bodiesOf, () => 'closed');

  await aws.stop();
  local = undefined;

  expect([[], 'closed']).toContainEqual(await polling);
});

test('a request that is cut off in its body does not end the process', async () => {
  const { aws, dynamodb } = await start();
  for (const url of [aws.endpoints.dynamodb, aws.endpoints.sqs]) await cutOff(Number(new URL(url).port));

  const { TableNames } = await dynamodb.send(new ListTablesCommand());

  expect(TableNames).toEqual([]);
});

test('messages that a long poll takes for a caller who hung up are not received by it', async () => {
  const clock = createVirtualClock();
  const aws = await start({ clock });
  const queue = await aws.createFifoQueue({ VisibilityTimeout: '3600', DelaySeconds: '5' });
  await aws.send(queue, 'g', 'x');
  const gone = new AbortController();
  const polls = aws.receiveUntil(queue, gone.signal);
  await expect.poll(() => clock.sleepers).toBeGreaterThan(0);
  gone.abort();
  await polls;

  await clock.advance(5_000);

  await expect
    .poll(async () => (await aws.receive(queue)).map((it) => it.Attributes?.ApproximateReceiveCount))
    .toEqual(['1']);
});

test('counts are those of the moment, not of the last receive', async () => {
  const clock = createVirtualClock();
  const aws = await start({ clock });
  const queue = await aws.createFifoQueue({ VisibilityTimeout: '10', DelaySeconds: '5' });
  const counts = async () => {
    const attributes = await aws.attributesOf(queue);
    return [
      'ApproximateNumberOfMessages',
      'ApproximateNumberOfMessagesNotVisible',
      'ApproximateNumberOfMessagesDelayed',
    ].map((name) => Number(attributes[name]));
  };
  await aws.send(queue, 'g');

  const delayed = await counts();
  await clock.advance(5_000);
  const waiting = await counts();
  await aws.receive(queue);
  const inFlight = await counts();
  await clock.advance(10_000);
  const back = await counts();

  expect([delayed, waiting, inFlight, back]).toEqual([
    [0, 0, 1],
    [1, 0, 0],
    [0, 1, 0],
    [1, 0, 0],
  ]);
});

test('a purge empties the queue, and what was in flight with it', async () => {
  const aws = await start();
  const queue = await aws.createFifoQueue({ VisibilityTimeout: '0' });
  for (const id of ['a', 'b']) await aws.send(queue, id, id);
  await aws.receive(queue, 1);

  await aws.purge(queue);

  expect(await aws.receive(queue)).toEqual([]);
});

test('waiting polls get one message each, in the order in which they came', async () => {
  const aws = await start({ clock: createVirtualClock() });
  const queue = await aws.createQueue('jobs');
  const polls = [aws.receive(queue, 10, 20), aws.receive(queue, 10, 20)];

  for (const id of ['one', 'two']) await aws.sendPlain(queue, id);

  expect((await Promise.all(polls)).flatMap(bodiesOf).sort()).toEqual(['one', 'two']);
});

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const finish = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
    socket.once('timeout', () => finish(false));
  });
}

/** Announces a body of 100 bytes, sends one, and resets the connection. */
function cutOff(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('close', () => resolve());
    socket.on('error', () => {});
    const head =
      'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 100\r\n\r\n{';
    socket.write(head, () => setImmediate(() => socket.resetAndDestroy()));
  });
}
