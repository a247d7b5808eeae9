import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { PublishCommand } from '@aws-sdk/client-sns';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startEmbeddedAws } from '../../../lib/local/aws/embedded-aws.ts';
import { createLocalAwsClients } from '../../../lib/local/aws/endpoints.ts';
import { provisionResources } from '../../../lib/local/aws/provision.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { bodiesOf, type LocalAws, startLocalAws } from './support/start-local-aws.ts';

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
