import { ScanCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RemovalPolicy } from '../../lib/config/config.ts';
import type { PeopleId, SessionRef } from '../../lib/ids.ts';
import { createDynamoMessageNotes, createDynamoRedriveNotes } from '../../lib/ledger/message-notes.ts';
import { noteRemoved } from '../../lib/ledger/removal-notes.ts';
import { createDynamoRunLog } from '../../lib/ledger/runs.ts';
import { eraseRemoved, eraseSession } from '../../lib/operate/erase.ts';
import { type Latest, toArchiveKey } from '../../lib/record/archive.ts';
import { createFakeLedger } from '../support/aws.ts';
import { aRun, aSession, WEBSITE_ID } from '../support/builders.ts';
import { startEmbeddedAws, startEmbeddedLedger } from '../support/embedded-aws.ts';
import { createRecordingTelemetry } from '../support/memory.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const BUCKET = 'archive';
const NOW_MS = 1_790_856_000_000;
// Its id begins with the other's.
const [SESSION, OTHER] = [aSession('session_a'), aSession('session_ab')];

// The cast is what the test of ids allows.
const PEOPLE_ID = 'c5a2f70c-f605-4648-b47f-8c39d4b03a50' as PeopleId;

function aLatest(kind: Latest['kind'], changes: Partial<Latest> = {}): Latest {
  const said = { version: 2, content_hash: 'x', announced: true, updated_at: 1, people_id: PEOPLE_ID };
  return { kind, ...said, ...changes };
}

async function createScene() {
  const aws = await startEmbeddedAws();
  const ledger = await startEmbeddedLedger();
  onTestFinished(async () => {
    await aws.stop();
    await ledger.stop();
  });
  const { client: dynamodb, table } = ledger;
  await aws.s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const runLog = createDynamoRunLog({ client: dynamodb, table });
  const notes = createDynamoMessageNotes({ client: dynamodb, table });
  const redrives = createDynamoRedriveNotes({ client: dynamodb, table });
  const put = (session: SessionRef, version: number | 'latest', Body: string) =>
    aws.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: toArchiveKey(session, version), Body }));

  return {
    removal: (onRemoved: RemovalPolicy, clock: ReturnType<typeof createVirtualClock>) => ({
      ...{ s3: aws.s3, bucket: BUCKET, dynamodb, table, onRemoved, clock },
      telemetry: createRecordingTelemetry(),
    }),
    remove: (session: SessionRef, removedMs = NOW_MS) => noteRemoved(ledger, { session, removedMs }),
    say: (session: SessionRef, latest: Latest) => put(session, 'latest', JSON.stringify(latest)),
    erase: (session: SessionRef) => eraseSession({ s3: aws.s3, bucket: BUCKET, dynamodb, table }, session),
    async keep(session: SessionRef, messageId: string) {
      for (const version of [1, 2, 'latest'] as const) {
        const body = version === 'latest' ? JSON.stringify(aLatest('conversation.removed')) : '{}';
        await put(session, version, body);
      }
      await runLog.record([aRun({ session, messageId }), aRun({ session, messageId, receiveCount: 2 })], {
        ...{ ...session, peopleId: PEOPLE_ID, updatedMs: NOW_MS },
      });
      await notes.noteAbsence(messageId, NOW_MS);
      await notes.countStaleRead(messageId, NOW_MS);
      await redrives.note(session, NOW_MS);
    },
    async kept() {
      const { Contents = [] } = await aws.s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
      const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: table }));
      return { keys: Contents.map(({ Key }) => Key), owners: Items.map(({ pk }) => pk?.S).toSorted() };
    },
  };
}

test('all of one session is gone from archive and ledger, and nothing of another whose id begins alike', async () => {
  const scene = await createScene();
  await scene.keep(OTHER, 'message-other');
  const before = await scene.kept();
  await scene.keep(SESSION, 'message-1');

  expect(await scene.erase(SESSION)).toEqual({ records: 2, latest: 1, notes: 2 + 2 + 1 + 1 });
  expect(await scene.kept()).toEqual(before);
  expect(before.keys).toHaveLength(3);
  expect(await scene.erase(SESSION)).toEqual({ records: 0, latest: 0, notes: 0 });
});

interface ObjectVersion {
  readonly Key: string;
  readonly VersionId: string;
  readonly ETag?: string;
  readonly isMarker?: boolean;
}

/** An S3 with versions, of each key the newest first, that lists two at a time. */
function createVersionedS3(versions: readonly ObjectVersion[]) {
  const client = new S3Client({ region: 'eu-west-1' });
  const s3 = mockClient(client);
  let left = versions;
  s3.on(ListObjectVersionsCommand).callsFake(({ Prefix }: { Prefix: string }) => {
    const found = left.filter(({ Key }) => Key.startsWith(Prefix));
    const isNewest = (it: ObjectVersion) => found.find(({ Key }) => Key === it.Key) === it;
    const page = found.map((it) => ({ ...it, IsLatest: isNewest(it) })).slice(0, 2);
    return {
      Versions: page.filter(({ isMarker }) => !isMarker),
      DeleteMarkers: page.filter(({ isMarker }) => isMarker),
    };
  });
  s3.on(ListObjectsV2Command).resolves({});
  s3.on(GetObjectCommand).rejects(Object.assign(new Error('gone'), { name: 'NoSuchKey' }));
  s3.on(DeleteObjectsCommand).callsFake(({ Delete }) => {
    const gone = new Set(
      Delete.Objects.map(({ Key, VersionId }: { Key: string; VersionId: string }) => `${Key} ${VersionId}`),
    );
    left = left.filter(({ Key, VersionId }) => !gone.has(`${Key} ${VersionId}`));
    return {};
  });
  const put = (version: ObjectVersion) => {
    left = [version, ...left];
  };
  const ledger = createFakeLedger();
  const stores = { s3: client, bucket: BUCKET, dynamodb: ledger.client, table: ledger.table };
  return { stores, ledger, s3, put, left: () => left };
}

test('of a bucket with versions every version and every delete marker goes, page after page', async () => {
  const record = toArchiveKey(SESSION, 1);
  const other = { Key: toArchiveKey(OTHER, 1), VersionId: 'v1' };
  const { stores, left } = createVersionedS3([
    ...['v1', 'v2', 'v3'].map((VersionId) => ({ Key: record, VersionId })),
    { Key: record, VersionId: 'm1', isMarker: true },
    { Key: toArchiveKey(SESSION, 2), VersionId: 'v1' },
    { Key: toArchiveKey(SESSION, 'latest'), VersionId: 'v1' },
    { Key: toArchiveKey(SESSION, 'latest'), VersionId: 'v2' },
    other,
  ]);

  expect(await eraseSession(stores, SESSION)).toEqual({ records: 5, latest: 2, notes: 0 });
  expect(left()).toEqual([other]);
});

test('an object that S3 keeps is a failure that says so, and not the end of a loop', async () => {
  const { stores, s3 } = createVersionedS3([{ Key: toArchiveKey(SESSION, 1), VersionId: 'v1' }]);
  s3.on(DeleteObjectsCommand).resolves({ Errors: [{ Key: 'x', Code: 'AccessDenied' }] });
  const expected = { code: 'aws_failed', message: '1 objects of archive could not be deleted; run it again' };
  await expect(eraseSession(stores, SESSION)).rejects.toMatchObject(expected);
});

test('an id that breaks out of its prefix erases nothing', async () => {
  const { stores, s3 } = createVersionedS3([]);
  const session = { websiteId: WEBSITE_ID, sessionId: '../' } as unknown as SessionRef;
  await expect(eraseSession(stores, session)).rejects.toMatchObject({ code: 'session_id_invalid' });
  expect(s3.calls()).toHaveLength(0);
});

describe('what is kept of removed conversations', () => {
  const HOUR_MS = 3_600_000;
  const NEVER = new AbortController().signal;

  test.each([
    ['delete', 24],
    ['expire', 30 * 24],
  ] as const)(
    'with ON_REMOVED=%s is gone %i hours later, from archive and ledger, and not an hour before',
    async (policy, hours) => {
      const scene = await createScene();
      await scene.keep(OTHER, 'message-other');
      const before = await scene.kept();
      await scene.keep(SESSION, 'message-1');
      await scene.remove(SESSION);
      const clock = createVirtualClock(NOW_MS + (hours - 1) * HOUR_MS);
      const removal = scene.removal(policy, clock);

      expect(await eraseRemoved(removal, NEVER)).toBe(0);
      expect((await scene.kept()).keys).toHaveLength(6);

      await clock.advance(HOUR_MS);
      expect(await eraseRemoved(removal, NEVER)).toBe(1);
      expect(await scene.kept()).toEqual(before);
      expect(removal.telemetry.named('session-erased')).toMatchObject([{ ...SESSION, records: 2, notes: 6 }]);
      expect(await eraseRemoved(removal, NEVER)).toBe(0);
    },
  );

  test('with ON_REMOVED=keep stays, and goes once that is set to something else', async () => {
    const scene = await createScene();
    await scene.keep(SESSION, 'message-1');
    await scene.remove(SESSION);
    const clock = createVirtualClock(NOW_MS + 300 * 24 * HOUR_MS);

    expect(await eraseRemoved(scene.removal('keep', clock), NEVER)).toBe(0);
    expect((await scene.kept()).keys).toHaveLength(3);
    expect(await eraseRemoved(scene.removal('delete', clock), NEVER)).toBe(1);
    expect((await scene.kept()).keys).toEqual([]);
  });

  test.each([
    ['has come back', aLatest('conversation.enriched')],
    ['is not announced as removed yet', aLatest('conversation.removed', { announced: false })],
  ])('stays where the conversation %s', async (_, latest) => {
    const scene = await createScene();
    await scene.keep(SESSION, 'message-1');
    await scene.say(SESSION, latest);
    await scene.remove(SESSION);
    const removal = scene.removal('delete', createVirtualClock(NOW_MS + 25 * HOUR_MS));

    expect(await eraseRemoved(removal, NEVER)).toBe(0);
    expect((await scene.kept()).keys).toHaveLength(3);
  });

  test('more than one look finds are all deleted', async () => {
    const sessions = Array.from({ length: 26 }, (_, index) => aSession(`session_${index}`));
    const keys = sessions.map((session) => toArchiveKey(session, 'latest'));
    const { stores, ledger, s3, left } = createVersionedS3(
      keys.map((Key) => ({ Key, VersionId: 'v1', ETag: 'e' })),
    );
    const latest = JSON.stringify(aLatest('conversation.removed'));
    s3.on(GetObjectCommand).callsFake(() => ({ Body: { transformToString: async () => latest }, ETag: 'e' }));
    for (const session of sessions) await noteRemoved(ledger, { session, removedMs: NOW_MS });
    const clock = createVirtualClock(NOW_MS + 25 * HOUR_MS);
    const removal = { ...stores, onRemoved: 'delete', clock, telemetry: createRecordingTelemetry() } as const;

    expect(await eraseRemoved(removal, NEVER)).toBe(26);
    expect(left()).toEqual([]);
    expect(await eraseRemoved(removal, NEVER)).toBe(0);
  });

  test('one that comes back while it is deleted keeps what it came back with', async () => {
    const latest = toArchiveKey(SESSION, 'latest');
    const old = (Key: string, VersionId: string) => ({ Key, VersionId, ETag: VersionId });
    const { stores, ledger, s3, put, left } = createVersionedS3([
      ...['removed', 'v3', 'v2', 'v1'].map((VersionId) => old(latest, VersionId)),
      ...[1, 2].map((version) => old(toArchiveKey(SESSION, version), 'v1')),
    ]);
    const text = JSON.stringify(aLatest('conversation.removed'));
    const stored = { Body: { transformToString: async () => text }, ETag: 'removed' };
    const returned = [old(latest, 'returned'), old(toArchiveKey(SESSION, 3), 'v1')];
    s3.on(GetObjectCommand).callsFake(() => {
      // Just after the sweep has looked.
      if (left().length === 6) returned.forEach(put);
      return stored;
    });
    await noteRemoved(ledger, { session: SESSION, removedMs: NOW_MS });
    const clock = createVirtualClock(NOW_MS + 25 * HOUR_MS);

    await eraseRemoved(
      { ...stores, onRemoved: 'delete', clock, telemetry: createRecordingTelemetry() },
      NEVER,
    );

    expect(left().toSorted((a, b) => (a.Key < b.Key ? -1 : 1))).toEqual(returned);
  });

  test('many whose last version cannot be read are a failure, and keep none behind them', async () => {
    const scene = await createScene();
    const broken = Array.from({ length: 26 }, (_, index) => aSession(`session_${index}`));
    for (const session of broken) {
      await scene.say(session, { ...aLatest('conversation.removed'), version: 0 });
      await scene.remove(session, NOW_MS - 1);
    }
    await scene.keep(SESSION, 'message-1');
    await scene.remove(SESSION);
    const removal = scene.removal('delete', createVirtualClock(NOW_MS + 25 * HOUR_MS));

    await expect(eraseRemoved(removal, NEVER)).rejects.toMatchObject({ detail: 'latest_malformed' });
    expect((await scene.kept()).keys).toHaveLength(broken.length);
  });

  test('one that S3 does not give up is a failure, is tried again, and keeps no other', async () => {
    const scene = await createScene();
    for (const session of [SESSION, OTHER]) {
      await scene.say(session, aLatest('conversation.removed'));
      await scene.remove(session);
    }
    const removal = scene.removal('delete', createVirtualClock(NOW_MS + 25 * HOUR_MS));
    const s3 = mockClient(removal.s3);
    s3.onAnyCommand().callsFake((input: { Delete?: { Objects: { Key: string }[] } }) => {
      throw new Error(`unexpected ${JSON.stringify(input)}`);
    });
    await expect(eraseRemoved(removal, NEVER)).rejects.toMatchObject({ code: 'archive_failed' });
    s3.restore();

    expect(await eraseRemoved(removal, NEVER)).toBe(2);
    expect(await scene.kept()).toEqual({ keys: [], owners: [] });
  });
});
