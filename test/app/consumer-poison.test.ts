import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { toVisible } from '../../lib/core/text/to-visible.ts';
import { POISON } from '../bad-inputs/queue-messages.ts';
import { aSession } from '../support/builders.ts';
import { type ConsumerScene, createConsumerScene } from '../support/consumer-scene.ts';
import { startEmbeddedLedger } from '../support/start-embedded-ledger.ts';

const session = aSession();
let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;
let scene: ConsumerScene;

beforeAll(async () => {
  ledger = await startEmbeddedLedger();
});
afterAll(() => ledger.stop());

beforeEach(async () => {
  scene = await createConsumerScene({ ledger });
  onTestFinished(() => scene.close());
});

test('every poison message is dead at once, in whatever company, and costs neither a request nor a write', async () => {
  const poison = Object.fromEntries(POISON.map(([, , , body], index) => [toId(index), body]));
  const expected = POISON.map(([, , reason], index) => [toId(index), reason]);

  const failed = await scene.deliver(poison);
  const deadAgain = await scene.deliver(poison, 2);

  const told = scene.telemetry.named('job-dead').map(({ messageId, code }) => [messageId, code]);
  expect(told.toSorted()).toEqual(expected.toSorted());
  expect([failed.length, deadAgain.length]).toEqual([POISON.length, POISON.length]);
  expect(failed.map(scene.hiddenFor)).toEqual(Array(POISON.length).fill(0));
  expect([scene.requests(), scene.writes()]).toEqual([0, 0]);
});

test('Q1 Q4 poison harms no message beside it', async () => {
  const failed = await scene.deliver({ P1: 'not a job', A1: session, P2: '{"sessionId":".."}', P3: '' });

  expect(failed).toEqual(['P1', 'P2', 'P3']);
  expect(scene.records).toMatchObject([{ session_id: session.sessionId }]);
});

test('Q8 a message that asks for next year waits for a bucket and the margin alone', async () => {
  const bucketMs = scene.clock.nowMs();
  const body = JSON.stringify({ v: 1, ...session, mode: 'incremental', bucketMs, notBeforeMs: bucketMs * 2 });

  // It was sent now, by SQS's own clock.
  const failed = await scene.deliver({ A1: body }, 1, bucketMs);

  expect(failed).toEqual(['A1']);
  expect(scene.telemetry.named('clock-suspect')).toMatchObject([{ messageId: 'A1' }]);
  expect(scene.hiddenFor('A1')).toBeGreaterThan(60);
  expect(scene.hiddenFor('A1')).toBeLessThanOrEqual(70);
  expect(scene.requests()).toBe(0);
});

test('Q13 ten messages of a session are one fetch and ten acknowledgements', async () => {
  const ten = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`A${index}`, session]));

  const failed = await scene.deliver(ten);

  expect(failed).toEqual([]);
  expect(scene.telemetry.named('job-acknowledged')).toHaveLength(10);
  // The conversation, and a page of messages.
  expect(scene.requests()).toBe(2);
  expect(scene.records).toMatchObject([{ enrichment: { absorbed: 9 } }]);
});

const unanswerable: Readonly<Record<string, readonly [code: string, event: unknown]>> = {
  'Q6 a record without a message id': ['bad_record', anEvent({ messageId: undefined })],
  'Q6 a record without a receipt handle': ['bad_record', anEvent({ receiptHandle: '' })],
  'Q7 a record of another service': ['bad_invocation', anEvent({ eventSource: 'aws:sns' })],
  'Q7 no records': ['bad_invocation', {}],
  'Q7 nothing': ['bad_invocation', null],
};

for (const [title, [code, event]] of Object.entries(unanswerable)) {
  test(`${title} fails the whole invocation with ${code}, before anything is called`, async () => {
    // Somebody can invoke a function with anything.
    await expect(scene.invoke(event as SQSEvent)).rejects.toMatchObject({ code });

    expect(scene.telemetry.events).toMatchObject([{ name: 'bad-record', code }]);
    expect([scene.requests(), scene.writes()]).toEqual([0, 0]);
  });
}

/** Titles are clipped: two may be equal. And SQS gives no id that a log would have to escape. */
function toId(index: number): string {
  return toVisible(`${index} ${POISON[index]?.slice(0, 2).join(' ')}`);
}

/** Two records: one that could be answered for, and another. */
function anEvent(record: Record<string, unknown>) {
  const sound = {
    messageId: 'A1',
    receiptHandle: 'h',
    body: JSON.stringify(session),
    eventSource: 'aws:sqs',
  };
  return { Records: [sound, { ...sound, messageId: 'A2', ...record }] };
}
