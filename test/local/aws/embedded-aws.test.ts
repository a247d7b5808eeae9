import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { GetItemCommand, ListTablesCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { PublishCommand } from '@aws-sdk/client-sns';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startEmbeddedAws } from '../../../lib/local/aws/embedded-aws.ts';
import { chooseEndpoints, createLocalAwsClients } from '../../../lib/local/aws/endpoints.ts';
import { provisionResources } from '../../../lib/local/aws/provision.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { bodiesOf, type LocalAws, startLocalAws } from './support.ts';

describe('embedded aws', () => {
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
});

describe('embedded aws data', () => {
  const SETTINGS = { archiveBucketSuffix: '', sessionsDelaySeconds: 3, consumerConcurrency: 2 };
  const FIVE_MINUTES_MS = 5 * 60 * 1000;

  let dataDir: string;
  let local: LocalAws | undefined;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'embedded-aws-'));
  });

  afterEach(async () => {
    await local?.stop();
    local = undefined;
    await rm(dataDir, { recursive: true, force: true });
  });

  const clock = createVirtualClock();

  /** Starts it, or stops it and starts it again on the same folder. */
  async function restart(): Promise<LocalAws> {
    await local?.stop();
    local = await startLocalAws({ dataDir, clock });
    return local;
  }

  /** The queue keeps its name; its URL has the port of this run. */
  function urlNow(url: string): string {
    return new URL(new URL(url).pathname, local?.aws.endpoints.sqs).href;
  }

  test('waiting messages survive a restart, in the order of their group', async () => {
    const aws = await restart();
    const queue = await aws.createFifoQueue();
    const sent = [];
    for (const id of ['a1', 'b1', 'a2', 'a3']) sent.push(await aws.send(queue, id.slice(0, 1), id));

    const messages = await (await restart()).receive(urlNow(queue));

    expect(bodiesOf(messages).filter((body) => body?.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
    expect(messages.map(({ MessageId }) => MessageId).sort()).toEqual(
      sent.map(({ MessageId }) => MessageId).sort(),
    );
    expect(messages[0]?.Attributes).toMatchObject({
      SequenceNumber: sent[0]?.SequenceNumber,
      MessageGroupId: 'a',
    });
  });

  test('the URL of a queue has the port of this run', async () => {
    const aws = await restart();
    await aws.createQueue('jobs');
    const before = aws.aws.endpoints.sqs;

    const again = await restart();

    expect(again.aws.endpoints.sqs).not.toBe(before);
    expect(await again.findUrl('jobs')).toBe(`${again.aws.endpoints.sqs}/000000000000/jobs`);
  });

  test('a delay goes on after a restart', async () => {
    const aws = await restart();
    const queue = await aws.createFifoQueue({ DelaySeconds: '60' });
    await aws.send(queue, 'g', 'x');
    await clock.advance(50_000);

    const early = await (await restart()).receive(urlNow(queue));
    await clock.advance(10_000);
    const late = bodiesOf(await (local ?? aws).receive(urlNow(queue)));

    expect(early).toEqual([]);
    expect(late).toEqual(['x']);
  });

  test('a message that was in flight comes back at once, and its receive still counts', async () => {
    const aws = await restart();
    const queue = await aws.createFifoQueue({ VisibilityTimeout: '3600' });
    await aws.send(queue, 'g', 'x');
    await aws.receive(queue);

    const [message] = await (await restart()).receive(urlNow(queue));

    expect(message?.Attributes?.ApproximateReceiveCount).toBe('2');
  });

  test('a message that was hidden on request stays hidden for its time', async () => {
    const aws = await restart();
    const queue = await aws.createFifoQueue();
    await aws.send(queue, 'g', 'x');
    const [message = {}] = await aws.receive(queue);
    await aws.hide(queue, message, 120);

    const early = await (await restart()).receive(urlNow(queue));
    await clock.advance(120_000);
    const late = await (local ?? aws).receive(urlNow(queue));

    expect(early).toEqual([]);
    expect(bodiesOf(late)).toEqual(['x']);
  });

  test('a message that was made visible at once keeps its receives', async () => {
    const aws = await restart();
    const queue = await aws.createFifoQueue();
    await aws.send(queue, 'g', 'x');
    const [message = {}] = await aws.receive(queue);
    await aws.hide(queue, message, 0);

    const [again] = await (await restart()).receive(urlNow(queue));

    expect(again?.Attributes?.ApproximateReceiveCount).toBe('2');
  });

  test('a deleted message stays deleted', async () => {
    const aws = await restart();
    const queue = await aws.createFifoQueue();
    await aws.send(queue, 'g', 'x');
    const [message = {}] = await aws.receive(queue);
    await aws.delete(queue, message);

    expect(await (await restart()).receive(urlNow(queue))).toEqual([]);
  });

  test('deduplication holds over a restart, and for five minutes only', async () => {
    const aws = await restart();
    const queue = await aws.createFifoQueue();
    const first = await aws.send(queue, 'g', 'same');
    const [message = {}] = await aws.receive(queue);
    await aws.delete(queue, message);

    const twin = await (await restart()).send(urlNow(queue), 'g', 'same');
    await clock.advance(FIVE_MINUTES_MS);
    const later = await (await restart()).send(urlNow(queue), 'g', 'same');

    expect(twin.MessageId).toBe(first.MessageId);
    expect(later.MessageId).not.toBe(first.MessageId);
    expect(Number(later.SequenceNumber)).toBeGreaterThan(Number(first.SequenceNumber));
  });

  test('a dead letter is in the dead-letter queue after a restart, and nowhere else', async () => {
    const aws = await restart();
    const deadLetters = await aws.createFifoQueue();
    const { QueueArn } = await aws.attributesOf(deadLetters);
    const policy = JSON.stringify({ deadLetterTargetArn: QueueArn, maxReceiveCount: 1 });
    const queue = await aws.createFifoQueue({ RedrivePolicy: policy, VisibilityTimeout: '0' });
    await aws.send(queue, 'g', 'poison');
    await aws.receive(queue);
    await aws.receive(queue);

    const again = await restart();

    expect(await again.receive(urlNow(queue))).toEqual([]);
    expect(bodiesOf(await again.receive(urlNow(deadLetters)))).toEqual(['poison']);
  });

  test('objects, items, topics and subscriptions survive; provisioning again changes nothing', async () => {
    const aws = await restart();
    const before = await provisionResources({ endpoints: aws.aws.endpoints, settings: SETTINGS });
    const key = { pk: { S: 'p' }, sk: { S: 's' } };
    await aws.s3.send(new PutObjectCommand({ Bucket: before.bucket, Key: 'k', Body: 'content' }));
    await aws.dynamodb.send(new PutItemCommand({ TableName: before.table, Item: { ...key, n: { N: '1' } } }));

    const again = await restart();
    const after = await provisionResources({ endpoints: again.aws.endpoints, settings: SETTINGS });
    const object = await again.s3.send(new GetObjectCommand({ Bucket: after.bucket, Key: 'k' }));
    const item = await again.dynamodb.send(new GetItemCommand({ TableName: after.table, Key: key }));
    await again.sns.send(new PublishCommand({ TopicArn: after.topicArn, Message: 'record' }));

    expect(after).toEqual({
      ...before,
      queues: Object.fromEntries(Object.entries(before.queues).map(([name, url]) => [name, urlNow(url)])),
    });
    expect(await object.Body?.transformToString()).toBe('content');
    expect(item.Item).toMatchObject({ n: { N: '1' } });
    expect(bodiesOf(await again.receive(after.queues.records))).toEqual(['record']);
  });

  test('after a kill -9 in the middle of sends, every acknowledged message is there, once', async () => {
    const process = spawn(globalThis.process.execPath, [
      fileURLToPath(new URL('../../support/embedded-aws-process.ts', import.meta.url)),
      dataDir,
    ]);
    const exited = once(process, 'exit');
    const [line] = await once(createInterface(process.stdout), 'line');
    const clients = createLocalAwsClients(JSON.parse(String(line)));
    const { queues } = await provisionResources({ endpoints: JSON.parse(String(line)), settings: SETTINGS });
    const acknowledged: string[] = [];
    const send = async (index: number): Promise<void> => {
      const id = { MessageGroupId: `g${index % 50}`, MessageDeduplicationId: `d${index}` };
      const command = new SendMessageCommand({ QueueUrl: queues.sessions, MessageBody: `${index}`, ...id });
      await clients.sqs.send(command).then(() => acknowledged.push(`${index}`));
      if (acknowledged.length === 150) process.kill('SIGKILL');
      return send(index + 4);
    };

    await Promise.allSettled([0, 1, 2, 3].map(send));
    await exited;
    clients.destroy();
    const revived = await startLocalAws({ dataDir });
    local = revived;
    await revived.setDelay(urlNow(queues.sessions), 0);
    const found: (string | undefined)[] = [];
    for (let batch = await revived.receive(urlNow(queues.sessions)); batch.length > 0; ) {
      found.push(...bodiesOf(batch));
      for (const message of batch) await revived.delete(urlNow(queues.sessions), message);
      batch = await revived.receive(urlNow(queues.sessions));
    }

    expect(acknowledged.length).toBeGreaterThanOrEqual(150);
    expect(found).toEqual(expect.arrayContaining(acknowledged));
    expect(new Set(found).size).toBe(found.length);
  });

  test('a folder that another process uses is an error that says so', async () => {
    await restart();

    const second = startEmbeddedAws({ dataDir });

    await expect(second).rejects.toThrow(expect.objectContaining({ code: 'data_folder_in_use' }));
  });

  test('a folder that cannot be written is an error that says so', async () => {
    const file = join(dataDir, 'file');
    await writeFile(file, '');

    const start = startEmbeddedAws({ dataDir: file });

    await expect(start).rejects.toThrow(expect.objectContaining({ code: 'data_folder_not_writable' }));
  });
});

describe('choose endpoints', () => {
  test('a service whose endpoint is given is not embedded; its own variable wins over the common one', () => {
    const own = chooseEndpoints({ AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9000/' });
    const both = chooseEndpoints({
      AWS_ENDPOINT_URL: 'http://localhost:4566',
      AWS_ENDPOINT_URL_DYNAMODB: 'http://[::1]:8000',
    });

    expect(own).toEqual({ s3: 'http://127.0.0.1:9000' });
    expect(both).toEqual({
      sqs: 'http://localhost:4566',
      sns: 'http://localhost:4566',
      s3: 'http://localhost:4566',
      dynamodb: 'http://[::1]:8000',
    });
  });

  test('nothing given, an empty text, and the SDK switch that ignores endpoints mean that all is embedded', () => {
    expect(chooseEndpoints({})).toEqual({});
    expect(chooseEndpoints({ AWS_ENDPOINT_URL: '' })).toEqual({});
    expect(
      chooseEndpoints({
        AWS_ENDPOINT_URL: 'https://sqs.eu-west-1.amazonaws.com',
        AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
      }),
    ).toEqual({});
  });

  test.each([
    ['SQS alone', { AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:9324' }, 'AWS_ENDPOINT_URL_SQS'],
    ['SNS alone', { AWS_ENDPOINT_URL_SNS: 'http://127.0.0.1:9911' }, 'AWS_ENDPOINT_URL_SNS'],
    [
      'SQS beside all others',
      { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566', AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:9324' },
      'AWS_ENDPOINT_URL_SQS',
    ],
    [
      'another port for each',
      { AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:9324', AWS_ENDPOINT_URL_SNS: 'http://127.0.0.1:9911' },
      'AWS_ENDPOINT_URL_SQS',
    ],
  ])('a topic that could not reach its queue is refused: %s', (_, env, variable) => {
    expect(() => chooseEndpoints(env)).toThrow(
      expect.objectContaining({
        problems: [
          {
            code: 'config_invalid',
            variable,
            message: expect.stringContaining('SQS and SNS belong together'),
          },
        ],
      }),
    );
  });

  test.each([
    { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' },
    { AWS_ENDPOINT_URL_SQS: 'http://localhost:4566', AWS_ENDPOINT_URL_SNS: 'http://127.0.0.1:4566' },
    { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566', AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000' },
    { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9000', AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000' },
  ])('SQS and SNS on one server, the others anywhere, are taken: %o', (env) => {
    expect(Object.keys(chooseEndpoints(env))).not.toEqual([]);
  });

  test('another machine is refused unless it is allowed', () => {
    const env = { AWS_ENDPOINT_URL_S3: 'https://minio.example.com' };

    expect(() => chooseEndpoints(env)).toThrow(/AWS_ENDPOINT_URL_S3: .*--aws-endpoint-ok/);
    expect(chooseEndpoints(env, { allowRemote: true })).toEqual({ s3: 'https://minio.example.com' });
  });

  test.each([
    'https://sqs.us-east-1.amazonaws.com',
    'https://sqs.us-east-1.AMAZONAWS.com.',
    'https://sqs.cn-north-1.amazonaws.com.cn',
    'https://dynamodb.us-west-2.api.aws',
    'https://bucket.s3.dualstack.eu-west-1.amazonaws.com:443/',
  ])('AWS itself is refused, allowed or not: %s', (url) => {
    expect(() => chooseEndpoints({ AWS_ENDPOINT_URL: url }, { allowRemote: true })).toThrow(/AWS itself/);
  });

  test('every bad endpoint is reported at once, and a common one only once', () => {
    const choose = () =>
      chooseEndpoints({
        AWS_ENDPOINT_URL: 'ftp://127.0.0.1',
        AWS_ENDPOINT_URL_SQS: 'http://user:secret@127.0.0.1',
        AWS_ENDPOINT_URL_SNS: 'not a url',
      });

    expect(choose).toThrow(
      expect.objectContaining({
        problems: ['AWS_ENDPOINT_URL_SQS', 'AWS_ENDPOINT_URL_SNS', 'AWS_ENDPOINT_URL'].map((variable) =>
          expect.objectContaining({ variable, code: 'config_invalid' }),
        ),
      }),
    );
    expect(choose).not.toThrow(/secret@/);
  });

  test('no name that only begins or ends like this machine passes for it', () => {
    const names = fc
      .constantFrom('localhost', '127.0.0.1')
      .chain((loopback) =>
        fc.constantFrom(
          `${loopback}.example.com`,
          `x${loopback}`,
          `${loopback}x.example`,
          `example.com:80@${loopback}`,
        ),
      );

    fc.assert(
      fc.property(names, (name) => {
        expect(() => chooseEndpoints({ AWS_ENDPOINT_URL: `http://${name}` })).toThrow();
      }),
    );
  });
});
