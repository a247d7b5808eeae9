import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, GetObjectCommand } from '@aws-sdk/client-s3';
import { SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { applyMessage, consumeSome, openDatabase } from '../../examples/newest-in-postgres.ts';
import { answerQuestions, copyArchive } from '../../examples/questions-in-sql.ts';
import { deliver, deliverSome, toDelaySeconds } from '../../examples/signed-webhook.ts';
import type { SessionRef } from '../../lib/ids.ts';
import { createS3RecordArchive } from '../../lib/record/archive.ts';
import { buildRecord, buildRemovedRecord } from '../../lib/record/build.ts';
import type { GetArchivedObject } from '../../lib/record/open-record.ts';
import type { EnrichedRecord, RemovedRecord } from '../../lib/record/schema.ts';
import { createSnsRecordTopic, escapeBody, type Notice, toNotice } from '../../lib/record/topic.ts';
import { aCrispMessage, aFetchedConversation, aSession } from '../support/builders.ts';
import { aSubscribedTopic, startEmbeddedAws } from '../support/embedded-aws.ts';

const BUCKET = 'archive';
const [ada, bob, eve] = ['ada', 'bob', 'eve'].map((name) => aSession(`session_${name}`)) as [
  SessionRef,
  SessionRef,
  SessionRef,
];

/** A version in which the visitor asked, and a person answered after so many seconds. */
function version(session: SessionRef, number: number, state: string, answeredSeconds?: number) {
  const at = 1_790_856_000_000;
  const ask = aCrispMessage(1, { from: 'user', timestamp: at, content: 'a\0b \u{1f600}' });
  const answer = aCrispMessage(2, { from: 'operator', timestamp: at + (answeredSeconds ?? 0) * 1000 });
  const segments = state === 'pending' ? [] : ['vip', 'chat'];
  return buildRecord(
    aFetchedConversation({
      ...session,
      conversation: { state, meta: { email: `${number}@example.com`, segments } },
      messages: answeredSeconds === undefined ? [ask] : [ask, answer],
    }),
    { version: number, mode: 'full', absorbed: 0 },
  );
}

const claimed = version(ada, 3, 'resolved', 40);
const IN_ORDER: readonly (EnrichedRecord | RemovedRecord)[] = [
  version(ada, 1, 'pending'),
  version(ada, 2, 'unresolved', 40),
  claimed,
  version(bob, 1, 'pending'),
  version(bob, 2, 'pending', 20),
  version(eve, 1, 'resolved', 1000),
  buildRemovedRecord(eve, { version: 2, reason: 'conversation_missing' }),
];
const ORDERS = {
  'in order': IN_ORDER,
  'each of them twice': IN_ORDER.flatMap((record) => [record, record]),
  'the newest first, and again': [...IN_ORDER.toReversed(), ...IN_ORDER],
  'in turns': [4, 2, 6, 0, 3, 5, 1, 6, 2].flatMap((place) => IN_ORDER[place] ?? []),
};

let aws: Awaited<ReturnType<typeof startEmbeddedAws>>;
let notices: Map<EnrichedRecord | RemovedRecord, Notice>;
const getObject: GetArchivedObject = async ({ bucket: Bucket, key: Key }) =>
  (await aws.s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToByteArray();

beforeAll(async () => {
  aws = await startEmbeddedAws();
  await aws.s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const archive = createS3RecordArchive({ client: aws.s3, bucket: BUCKET });
  notices = new Map();
  for (const record of IN_ORDER) {
    const body = escapeBody(record);
    const session = [ada, bob, eve].find(({ sessionId }) => sessionId === record.session_id) ?? ada;
    const archived = await archive.putRecord(session, record.version, body);
    const inlineLimitBytes = record === claimed ? 0 : 200_000;
    notices.set(record, toNotice(record, { body, archived, inlineLimitBytes }));
  }
});

afterAll(() => aws.stop());

/** Announces records to two new queues, one with raw delivery and one without: their addresses. */
async function announce(name: string, records: readonly (EnrichedRecord | RemovedRecord)[]) {
  const raw = `${name}-raw`;
  const { topicArn } = await aSubscribedTopic(aws, raw);
  const wrapped = `${name}-wrapped`;
  await aws.sqs.send(new CreateQueueCommand({ QueueName: wrapped }));
  const Endpoint = `arn:aws:sqs:us-east-1:000000000000:${wrapped}`;
  await aws.sns.send(new SubscribeCommand({ TopicArn: topicArn, Protocol: 'sqs', Endpoint }));
  const topic = createSnsRecordTopic({ client: aws.sns, topicArn });
  for (const record of records) {
    const notice = notices.get(record);
    if (notice) await topic.publish(notice);
  }
  return [raw, wrapped].map(aws.toQueueUrl);
}

async function countLeft(QueueUrl: string): Promise<number> {
  const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const { Attributes = {} } = await aws.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...AttributeNames] }),
  );
  return AttributeNames.reduce((sum, name) => sum + Number(Attributes[name]), 0);
}

const orders = Object.entries(ORDERS);

describe('the newest version in PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof openDatabase>>;

  beforeAll(async () => {
    database = await openDatabase();
  }, 120_000);

  afterAll(() => database.close());

  test('is the same whatever comes twice, late or as a claim check', async () => {
    const states = [];
    for (const [place, [, records]] of orders.entries()) {
      for (const QueueUrl of await announce(`postgres-${place}`, records)) {
        await database.exec('truncate conversations');
        const apply = (body?: string) => applyMessage(database, body, { getObject });
        while ((await consumeSome(aws.sqs, { QueueUrl, WaitTimeSeconds: 0 }, apply)) > 0);
        expect(await countLeft(QueueUrl)).toBe(0);
        states.push((await database.query('select * from conversations order by session_id')).rows);
      }
    }

    expect(states).toHaveLength(8);
    expect(states[0]).toMatchObject([
      { session_id: 'session_ada', version: 3, state: 'resolved', email: '3@example.com', record: claimed },
      { session_id: 'session_bob', version: 2, state: 'pending', email: '2@example.com' },
      { session_id: 'session_eve', version: 2, state: null, email: null, record: null },
    ]);
    for (const state of states) expect(state).toEqual(states[0]);
  }, 60_000);

  test('a message that cannot be applied stays on its queue', async () => {
    const [QueueUrl = ''] = await announce('postgres-failing', [claimed]);
    const warn = vi.spyOn(console, 'error').mockReturnValue();
    const failing = () => Promise.reject(new Error('a test'));

    expect(await consumeSome(aws.sqs, { QueueUrl, WaitTimeSeconds: 0 }, failing)).toBe(1);
    expect(await countLeft(QueueUrl)).toBe(1);
    expect(warn).toHaveBeenCalledOnce();
  });
});

describe('signed webhooks', () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

  /** An endpoint that verifies signatures, and keeps the highest version of each conversation. */
  async function startEndpoint(answer: (request: number) => { status: number; retryAfter?: string }) {
    const kept = new Map<string, { version: number; data: EnrichedRecord | RemovedRecord }>();
    const ids: string[] = [];
    const server = createServer(async (request, response) => {
      const payload = await readText(request);
      const { type, data } = new Webhook(secret).verify(payload, toHeaders(request)) as {
        type: string;
        data: EnrichedRecord | RemovedRecord;
      };
      expect(type).toBe(data.kind);
      ids.push(`${request.headers['webhook-id']}`);
      const { status, retryAfter } = answer(ids.length);
      if (status === 200 && data.version > (kept.get(data.session_id)?.version ?? 0))
        kept.set(data.session_id, { version: data.version, data });
      response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end('ok');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/hook`;
    const stop = () => {
      server.closeAllConnections();
      server.close();
    };
    return { url, kept, ids, stop };
  }

  function toHeaders({ headers }: IncomingMessage): Record<string, string> {
    return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `${value}`]));
  }

  async function readText(request: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  test('give the endpoint the same state whatever comes twice, late or as a claim check', async () => {
    const states = [];
    for (const [place, [, records]] of orders.entries()) {
      for (const QueueUrl of await announce(`webhook-${place}`, records)) {
        const endpoint = await startEndpoint(() => ({ status: 200 }));
        const post = (body?: string) => deliver({ url: endpoint.url, secret }, body, { getObject });
        while ((await deliverSome(aws.sqs, { QueueUrl, WaitTimeSeconds: 0 }, post)) > 0);
        expect(await countLeft(QueueUrl)).toBe(0);
        expect(new Set(endpoint.ids).size).toBe(new Set(records).size);
        states.push([...endpoint.kept].toSorted(([a], [b]) => a.localeCompare(b)));
        endpoint.stop();
      }
    }

    expect(states).toHaveLength(8);
    expect(states[0]).toEqual([
      ['session_ada', { version: 3, data: claimed }],
      ['session_bob', { version: 2, data: IN_ORDER[4] }],
      ['session_eve', { version: 2, data: IN_ORDER[6] }],
    ]);
    for (const state of states) expect(state).toEqual(states[0]);
  }, 30_000);

  test('that are not taken are hidden for a while, at least as long as the endpoint asks', async () => {
    const endpoint = await startEndpoint(() => ({ status: 503, retryAfter: '120' }));
    const [QueueUrl = ''] = await announce('webhook-refused', [claimed]);
    const post = (body?: string) => deliver({ url: endpoint.url, secret }, body, { getObject });

    expect(await post(notices.get(claimed)?.body)).toEqual({ isDelivered: false, retryAfterSeconds: 120 });
    expect(await deliverSome(aws.sqs, { QueueUrl, WaitTimeSeconds: 0 }, post)).toBe(1);
    expect(await deliverSome(aws.sqs, { QueueUrl, WaitTimeSeconds: 0 }, post)).toBe(0);
    expect(await countLeft(QueueUrl)).toBe(1);
    endpoint.stop();
    expect(await post(notices.get(claimed)?.body)).toEqual({ isDelivered: false });
  });

  test('wait twice as long with each receive, and at most an hour', () => {
    for (const [receives, most] of [
      [1, 10],
      [2, 20],
      [3, 40],
      [20, 3600],
    ] as const) {
      const delay = toDelaySeconds(receives, {});
      expect(delay).toBeLessThanOrEqual(most);
      expect(delay).toBeGreaterThanOrEqual(most / 2);
    }
    expect(toDelaySeconds(1, { retryAfterSeconds: 300 })).toBe(300);
    expect(toDelaySeconds(1, { retryAfterSeconds: 1e9 })).toBe(3600);
  });
});

test('questions in SQL are answered from the newest version of each conversation, without removed ones', async () => {
  const folder = await mkdtemp(join(tmpdir(), "it's-an-archive-"));

  expect(await copyArchive(aws.s3, BUCKET, folder)).toBe(IN_ORDER.length);
  expect(await copyArchive(aws.s3, BUCKET, folder)).toBe(0);
  expect(await answerQuestions(folder)).toEqual({
    'First response': [{ conversations: 2, answered: 2, median_seconds: 30, p90_seconds: 38 }],
    'By state and segment': [
      { state: 'pending', segment: 'none', conversations: 1 },
      { state: 'resolved', segment: 'chat', conversations: 1 },
      { state: 'resolved', segment: 'vip', conversations: 1 },
    ],
  });
  await rm(folder, { recursive: true });
});
