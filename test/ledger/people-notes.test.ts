import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { type PersonRef, parseSessionId, type SessionId } from '../../lib/ids.ts';
import {
  type ChangedPerson,
  forgetChanged,
  listChangedPeople,
  listPersonsSessions,
  notePersonChanged,
  notePersonsSession,
  noteProgress,
  RECENT_SECONDS,
} from '../../lib/ledger/people-notes.ts';
import { createDynamoRunLog } from '../../lib/ledger/runs.ts';
import { toItemUpdate } from '../../lib/ledger/table.ts';
import { aPerson, aRun, aSession, OTHER_WEBSITE_ID, WEBSITE_ID } from '../support/builders.ts';
import { startEmbeddedLedger } from '../support/embedded-aws.ts';

const NOW_MS = 1_790_856_000_000;
const RECENT_MS = RECENT_SECONDS * 1000;

let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

beforeEach(async () => {
  ledger = await startEmbeddedLedger();
  onTestFinished(ledger.stop);
});

function sessionId(text: string): SessionId {
  const id = parseSessionId(`session_${text}`);
  if (!id) throw new Error('no session id');
  return id;
}

const note = (person: PersonRef, id: string, updatedMs = NOW_MS) =>
  notePersonsSession(ledger, { ...person, sessionId: sessionId(id), updatedMs });
const list = (person: PersonRef, limit = 100, after?: SessionId) =>
  listPersonsSessions(ledger, person, { after, limit, nowMs: NOW_MS });
const change = (person: PersonRef, nowMs = NOW_MS) =>
  notePersonChanged({ update: toItemUpdate(ledger.client), table: ledger.table }, person, nowMs);

async function onlyChanged(): Promise<ChangedPerson> {
  const [person] = await listChangedPeople(ledger);
  if (!person) throw new Error('nobody');
  return person;
}

test('a person has the conversations of their own website, in the order of their ids, from where a look ended', async () => {
  for (const id of ['b', 'a', 'c']) await note(aPerson(1), id);
  await note(aPerson(1, OTHER_WEBSITE_ID), 'other_website');
  await note(aPerson(2), 'other_person');

  expect(await list(aPerson(1))).toEqual(['session_a', 'session_b', 'session_c']);
  expect(await list(aPerson(1), 2)).toEqual(['session_a', 'session_b']);
  expect(await list(aPerson(1), 2, sessionId('b'))).toEqual(['session_c']);
  expect(await list(aPerson(1, OTHER_WEBSITE_ID))).toEqual(['session_other_website']);
  expect(await list(aPerson(3))).toEqual([]);
});

test('a conversation that Crisp has not updated for 30 days is none of theirs any more', async () => {
  await note(aPerson(1), 'old', NOW_MS - RECENT_MS);
  await note(aPerson(1), 'older', NOW_MS - RECENT_MS - 1000);
  await note(aPerson(1), 'young', NOW_MS - RECENT_MS + 1000);
  expect(await list(aPerson(1))).toEqual(['session_young']);
});

test('a run of the consumer’s notes the person in its own request', async () => {
  const session = aSession('session_a');
  await createDynamoRunLog(ledger).record([aRun({ session })], {
    ...session,
    ...aPerson(1),
    updatedMs: NOW_MS,
  });

  expect(await list({ ...aPerson(1), websiteId: session.websiteId })).toEqual(['session_a']);
});

test('the same person of two websites is two', async () => {
  await change(aPerson(1));
  await change(aPerson(1, OTHER_WEBSITE_ID), NOW_MS + 1);
  await change(aPerson(1), NOW_MS + 2);

  expect(await listChangedPeople(ledger)).toEqual([
    { ...aPerson(1, OTHER_WEBSITE_ID), changedMs: NOW_MS + 1, after: undefined },
    { ...aPerson(1), changedMs: NOW_MS + 2, after: undefined },
  ]);
});

test('those of whom something is enqueued come after those of whom nothing is', async () => {
  await change(aPerson(1));
  await noteProgress(ledger, await onlyChanged(), sessionId('a'));
  await change(aPerson(2), NOW_MS + 1);

  expect((await listChangedPeople(ledger)).map(({ peopleId, after }) => [peopleId.at(-1), after])).toEqual([
    ['2', undefined],
    ['1', 'session_a'],
  ]);
});

test('a change while the one before is worked on begins anew, and is not forgotten with it', async () => {
  await change(aPerson(1));
  const before = await onlyChanged();
  await noteProgress(ledger, before, sessionId('a'));
  await change(aPerson(1), NOW_MS + 1);

  await noteProgress(ledger, before, sessionId('b'));
  await forgetChanged(ledger, before);
  expect(await onlyChanged()).toEqual({ ...aPerson(1), changedMs: NOW_MS + 1, after: undefined });

  await forgetChanged(ledger, await onlyChanged());
  expect(await listChangedPeople(ledger)).toEqual([]);
});

test.each([
  [{ sk: { S: 'no:ids' }, changedMs: { N: '1' } }],
  [{ sk: { S: `${WEBSITE_ID}:../latest` }, changedMs: { N: '1' } }],
  [{ sk: { S: `${WEBSITE_ID}:${aPerson(1).peopleId}` } }],
])('an item that is no person is left out: %j', async (item) => {
  await ledger.client.send(
    new PutItemCommand({ TableName: ledger.table, Item: { pk: { S: 'people-changed' }, ...item } }),
  );

  expect(await listChangedPeople(ledger)).toEqual([]);
});
