import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { parsePeopleId, parseWebsiteId, type SessionRef } from '../../lib/ids.ts';
import { listPersonsSessions, toPersonKey } from '../../lib/ledger/people-notes.ts';
import { noteRemoved } from '../../lib/ledger/removal-notes.ts';
import { toItemKey } from '../../lib/ledger/table.ts';
import { createS3RecordArchive } from '../../lib/record/archive.ts';
import type { EnrichedRecord } from '../../lib/record/schema.ts';
import { runCliProcess } from '../support/cli.ts';
import { type LocalScene, simulatorOf, startLocalScene } from '../support/local-scene.ts';

const DAY_MS = 86_400_000;

/** Local mode with conversations of two people whose records were announced, one of them of long ago. */
async function startWithPeople(recent: number) {
  const scene = await startLocalScene({
    env: { CRISP_REQUESTS_PER_SECOND: '1000', RETRY_BASE_SECONDS: '1' },
  });
  onTestFinished(scene.stop);
  const simulator = simulatorOf(scene);
  const start = (email: string) => {
    const session = simulator.startConversation({ email });
    simulator.sendMessage(session, { content: 'Is my parcel lost?' });
    return session;
  };
  const sessions = Array.from({ length: recent }, () => start('ada@example.com'));
  const [old, other] = [start('ada@example.com'), start('grace@example.com')];
  const stored = simulator.readConversation(old);
  if (stored) stored.conversation.updated_at = systemClock.nowMs() - 31 * DAY_MS;
  const announced = await scene.receiveRecords(recent + 2);
  const peopleId = announced.find(({ session_id }) => session_id === sessions[0]?.sessionId)?.people_id;
  const person = { websiteId: simulator.websiteId, peopleId: String(peopleId) };
  expect(parsePeopleId(peopleId)).toBeDefined();
  return { scene, simulator, sessions, old, other, person };
}

/** Waits until an event is in the ledger, and lets the run of the next minute begin now. */
async function refreshPeople({ mode, shown }: LocalScene, event: string): Promise<void> {
  for (let looks = 0; looks < 100 && !shown.join('').includes(event); looks += 1)
    await systemClock.sleep(100);
  expect(shown.join('')).toContain(event);
  await mode.pipeline.refreshPeople();
}

function toIds(sessions: readonly SessionRef[] | readonly EnrichedRecord[]): unknown[] {
  return sessions.map((it) => ('sessionId' in it ? it.sessionId : it.session_id)).toSorted();
}

test('a profile that changes is in every record of the person’s last 30 days, for three calls each', async () => {
  const { scene, simulator, sessions, other, person } = await startWithPeople(6);
  const before = scene.totals().crispRequests;

  simulator.changeProfile(person, { person: { nickname: 'Ada, Countess of Lovelace' } });
  await refreshPeople(scene, 'people:profile:updated');
  const records = await scene.receiveRecords(sessions.length);

  expect(toIds(records)).toEqual(toIds(sessions));
  for (const { profile } of records)
    expect(profile).toMatchObject({ person: { nickname: 'Ada, Countess of Lovelace' } });
  expect(scene.totals().crispRequests - before).toBe(6 * 3);
  expect(toIds(records)).not.toContain(other.sessionId);

  // A ledger that was lost is made anew from the archive: of every conversation that has a person.
  const { dynamodb } = scene.mode.aws.clients;
  const [websiteId, peopleId] = [parseWebsiteId(person.websiteId), parsePeopleId(person.peopleId)];
  if (!websiteId || !peopleId) throw new Error('no ids');
  const ledger = { client: dynamodb, table: scene.mode.aws.resources.table };
  const look = { after: undefined, limit: 100, nowMs: systemClock.nowMs() };
  const known = await listPersonsSessions(ledger, { websiteId, peopleId }, look);
  expect(known).toEqual(toIds(sessions));
  for (const sessionId of known)
    await dynamodb.send(
      new DeleteItemCommand({
        TableName: ledger.table,
        Key: toItemKey(toPersonKey({ websiteId, peopleId, sessionId })),
      }),
    );
  expect(await listPersonsSessions(ledger, { websiteId, peopleId }, look)).toEqual([]);
  const url = new URL(scene.mode.health.webhook).origin;
  const rebuilt = await runCliProcess(['replay', '--people', '--json'], { env: { CRISP_ENRICH_URL: url } });
  expect(JSON.parse(rebuilt.stdout)).toMatchObject({ noted: 6 + 2, skipped: 0, ended: 'complete' });
  expect(await listPersonsSessions(ledger, { websiteId, peopleId }, look)).toEqual(known);

  // Nobody's changed since: the next run has nothing to do.
  await scene.mode.pipeline.refreshPeople();
  expect(scene.totals().recordsEmitted).toBe(6 + 2 + 6);
}, 120_000);

test('a profile that is removed leaves its conversations, without it; a conversation that is removed is announced as such', async () => {
  const { scene, simulator, sessions, person } = await startWithPeople(2);
  simulator.removeProfile(person);
  await refreshPeople(scene, 'people:profile:removed');

  const records = await scene.receiveRecords(2);
  expect(records.map(({ kind, profile, people_id }) => [kind, profile, people_id])).toEqual([
    ['conversation.enriched', null, person.peopleId],
    ['conversation.enriched', null, person.peopleId],
  ]);
  expect(toIds(records)).toEqual(toIds(sessions));

  const [removed] = sessions;
  if (!removed) throw new Error('no session');
  simulator.removeConversation(removed);
  expect(await scene.receiveRecords(1)).toMatchObject([
    { kind: 'conversation.removed', session_id: removed.sessionId },
  ]);
  const { clients, resources } = scene.mode.aws;
  const archive = createS3RecordArchive({ client: clients.s3, bucket: resources.bucket });
  expect((await archive.getLatest(removed))?.latest).toMatchObject({
    ...{ kind: 'conversation.removed', announced: true, people_id: person.peopleId },
  });

  // The next sweep leaves it for a day. As if that had passed:
  const listKeys = async () => {
    const { Contents = [] } = await clients.s3.send(new ListObjectsV2Command({ Bucket: resources.bucket }));
    return Contents.map(({ Key = '' }) => Key).filter((key) => key.includes(removed.sessionId));
  };
  await scene.mode.pipeline.reconcile();
  expect(await listKeys()).toHaveLength(1 + 3);
  const ledger = { client: clients.dynamodb, table: resources.table };
  await noteRemoved(ledger, { session: removed, removedMs: systemClock.nowMs() - 25 * 3_600_000 });
  await scene.mode.pipeline.reconcile();
  expect(await listKeys()).toEqual([]);
  expect(scene.shown.join('')).toContain('removed at Crisp: 3 versions deleted');
}, 120_000);
