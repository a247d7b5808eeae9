import type { Message } from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { SessionRef } from '../../lib/ids.ts';
import { toSqsEvent } from '../../lib/local/lambda/batch.ts';
import type { EnrichedRecord } from '../../lib/record/schema.ts';
import { packageRepository, type RepositoryPackage } from '../package/template.ts';
import { countSessions, enqueue, receive, receiveRecords } from './support/fronts.ts';
import { RUNTIME_CLIENT_MISSING, type RuntimeScene, startPolling } from './support/runtime-api.ts';
import { measure, startRuntimeScene } from './support/scene.ts';

const REMAINING_MS = 600_000;
let packaged: RepositoryPackage;
let scene: RuntimeScene;

beforeAll(async () => {
  if (RUNTIME_CLIENT_MISSING === undefined) packaged = await packageRepository();
}, 60_000);

beforeEach(async ({ skip }) => {
  skip(RUNTIME_CLIENT_MISSING !== undefined, RUNTIME_CLIENT_MISSING);
  scene = await startRuntimeScene(packaged);
});

afterEach(async () => {
  await scene?.stop();
});

test('of a batch with one failure exactly that one is named, and the other conversation is announced', async () => {
  const good = seed();
  const bad = seed();
  scene.crisp.faults.add({
    effect: { kind: 'answer', status: 500, reason: 'server_error' },
    sessionId: bad.sessionId,
    times: 100,
  });
  await enqueue(scene, [good, bad]);
  const batch = await receive(scene, 'sessions');
  const consumer = await scene.start('consumer');

  const response = await consumer.invoke(toEvent(batch), { remainingMs: REMAINING_MS });
  const records = await receiveRecords(scene);

  const failed = batch.find(({ Body = '' }) => JSON.parse(Body).sessionId === bad.sessionId);
  expect(batch).toHaveLength(2);
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: failed?.MessageId }] });
  expect(idsOfRecords(records)).toEqual(idsOf([good]));
  expect(records[0]?.messages).toHaveLength(3);
});

test('a cold consumer and a warm one announce what they are given', async () => {
  const sessions = [seed(), seed(), seed()];
  const consumer = await scene.start('consumer');
  const invocations = [];
  for (const session of sessions) {
    await enqueue(scene, [session]);
    invocations.push({ event: toEvent(await receive(scene, 'sessions')), remainingMs: REMAINING_MS });
  }

  const responses = await measure('consumer', consumer, invocations);
  const records = await receiveRecords(scene);

  expect(responses).toEqual(sessions.map(() => ({ batchItemFailures: [] })));
  expect(idsOfRecords(records)).toEqual(idsOf(sessions));
});

test('an invocation that runs out of time is killed, and within three minutes its messages come back one by one', async () => {
  const sessions = [seed(), seed()];
  scene.crisp.faults.add({ effect: { kind: 'hang' }, times: 100 });
  await enqueue(scene, sessions);

  const polling = await startPolling(scene);
  await scene.crispCalled;
  await scene.clock.advance(polling.timeoutMs);
  await polling.firstBatch;
  const kept = await countSessions(scene);
  scene.crisp.faults.clear();
  await scene.clock.advance(90_000);
  await polling.secondBatch;
  const keptThen = await countSessions(scene);
  await scene.clock.advance(60_000);
  await polling.thirdBatch;
  const records = await receiveRecords(scene);

  expect([kept, keptThen]).toEqual([2, 1]);
  expect(await polling.environments[0]?.ended).toBe('SIGKILL');
  expect(polling.environments).toHaveLength(2);
  expect(idsOfRecords(records)).toEqual(idsOf(sessions));
  expect(await countSessions(scene)).toBe(0);
});

test('what cannot be done in the time that is left is handed back, without a call to Crisp', async () => {
  await enqueue(scene, [seed(), seed()]);
  const batch = await receive(scene, 'sessions');
  const consumer = await scene.start('consumer');

  const response = await consumer.invoke(toEvent(batch), { remainingMs: 10_000 });

  const batchItemFailures = batch.map(({ MessageId }) => ({ itemIdentifier: MessageId }));
  expect(response).toEqual({ batchItemFailures });
  expect(scene.crisp.counters.snapshot().requests.byRoute).toEqual({});
});

test('an event that is no batch of messages fails as a whole, and the next one is handled', async () => {
  const session = seed();
  await enqueue(scene, [session]);
  const consumer = await scene.start('consumer');

  const refused = consumer.invoke({ Records: [{ eventSource: 'aws:sns' }] }, { remainingMs: REMAINING_MS });
  await expect(refused).rejects.toMatchObject({ name: 'BadInvocationError' });
  const next = toEvent(await receive(scene, 'sessions'));
  const response = await consumer.invoke(next, { remainingMs: REMAINING_MS });

  expect(response).toEqual({ batchItemFailures: [] });
});

test('with a wrong configuration it does not start, and Lambda is told what is missing', async () => {
  const consumer = await scene.start('consumer', { RECORDS_TOPIC_ARN: undefined });

  await expect(consumer.loaded).rejects.toMatchObject({
    name: 'ConfigError',
    message: expect.stringContaining('RECORDS_TOPIC_ARN'),
  });
  expect(await consumer.ended).not.toBe(0);
});

test('every line that it prints is JSON, and none has a secret or what a visitor wrote', async () => {
  const session = seed();
  const said = 'My address is 7 Example Lane';
  scene.crisp.sendMessage(session, { content: said });
  await enqueue(scene, [session]);
  const consumer = await scene.start('consumer');

  await consumer.invoke(toEvent(await receive(scene, 'sessions')), { remainingMs: REMAINING_MS });
  await consumer.terminate();

  const lines = consumer.output().trim().split('\n');
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  for (const canary of [...scene.secrets, said]) expect(consumer.output()).not.toContain(canary);
});

/** A conversation with three messages, of which Crisp has told nobody. */
function seed(): SessionRef {
  const [session] = scene.crisp.seedConversations({ conversations: 1, messages: 3 });
  if (session === undefined) throw new Error('no session');
  return session;
}

function toEvent(batch: readonly Message[]): SQSEvent {
  return toSqsEvent(batch, scene.resources.queueArns.sessions);
}

function idsOf(sessions: readonly SessionRef[]): string[] {
  return sessions.map(({ sessionId }) => sessionId).sort();
}

function idsOfRecords(records: readonly EnrichedRecord[]): string[] {
  return records.map(({ session_id }) => session_id).sort();
}
