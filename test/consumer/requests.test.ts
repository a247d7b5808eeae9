import { expect, onTestFinished, test } from 'vitest';
import { parsePeopleId } from '../../lib/ids.ts';
import { listPersonsSessions } from '../../lib/ledger/people-notes.ts';
import { createFakeLedger } from '../support/aws.ts';
import { aSession } from '../support/builders.ts';
import { createConsumerScene } from '../support/consumer-scene.ts';

const ledger = createFakeLedger();

const ASKED = aSession('session_counted');
const PEOPLE_ID = 'c5a2f70c-f605-4648-b47f-8c39d4b03a50';
const QUIET_MS = 700_000;

/**
 * A session that was fetched before and has been quiet since, in an instance that has just served another one: what
 * instances know of the breaker is read every few seconds, for all sessions together.
 */
async function aQuietSession() {
  let state = 'unresolved';
  const scene = await createConsumerScene({
    ledger,
    crisp: ({ part, sessionId }) =>
      part === 'conversation' && sessionId === ASKED.sessionId
        ? { data: { website_id: ASKED.websiteId, session_id: sessionId, people_id: PEOPLE_ID, state } }
        : undefined,
  });
  onTestFinished(scene.close);
  const deliver = async (session: typeof ASKED, dueInMs = -60_000, mode = 'full') => {
    const notBeforeMs = Math.floor(scene.clock.nowMs() + dueInMs);
    const body = { v: 1, ...session, mode, bucketMs: notBeforeMs - 70_000, notBeforeMs };
    const messageId = `message-${notBeforeMs}-${session.sessionId}`;
    await scene.deliver({ [messageId]: JSON.stringify(body) }, 1, notBeforeMs - 60_000);
    return scene.takeRequests();
  };
  await deliver(ASKED);
  scene.clock.shift(QUIET_MS);
  await deliver(aSession('session_other'));
  return {
    deliver: (dueInMs?: number, mode?: string) => deliver(ASKED, dueInMs, mode),
    change() {
      state = 'resolved';
    },
  };
}

test.each(['full', 'incremental'])('a changed conversation costs AWS six requests: %s', async (mode) => {
  const { deliver, change } = await aQuietSession();
  change();

  expect(await deliver(undefined, mode)).toEqual([
    'GetObjectCommand',
    'PutObjectCommand',
    'PutObjectCommand',
    'PublishCommand',
    'PutObjectCommand',
    'BatchWriteItemCommand',
  ]);
});

test.each(['full', 'incremental'])('an unchanged one costs two: %s', async (mode) => {
  const { deliver } = await aQuietSession();
  expect(await deliver(undefined, mode)).toEqual(['GetObjectCommand', 'BatchWriteItemCommand']);
});

test('a person’s conversations are known without a request of their own', async () => {
  await aQuietSession();
  const peopleId = parsePeopleId(PEOPLE_ID);
  if (!peopleId) throw new Error('no people id');
  const look = { after: undefined, limit: 10, nowMs: 0 };

  expect(await listPersonsSessions(ledger, { websiteId: ASKED.websiteId, peopleId }, look)).toEqual([
    ASKED.sessionId,
  ]);
});

test('one that the record already covers costs two', async () => {
  const { deliver } = await aQuietSession();
  expect(await deliver(-QUIET_MS - 10_000)).toEqual(['GetObjectCommand', 'BatchWriteItemCommand']);
});

test('one that is not due costs two', async () => {
  const { deliver } = await aQuietSession();
  expect(await deliver(5000)).toEqual(['ChangeMessageVisibilityCommand', 'BatchWriteItemCommand']);
});

test('in a busy session the ledger is asked as well, for what may stand for the message', async () => {
  const { deliver, change } = await aQuietSession();
  change();
  await deliver();
  expect(await deliver(-1)).toEqual(['GetObjectCommand', 'QueryCommand', 'BatchWriteItemCommand']);
});
