import { ScanCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, onTestFinished, test } from 'vitest';
import type { SessionRef } from '../../lib/ids.ts';
import { createDynamoMessageNotes, createDynamoRedriveNotes } from '../../lib/ledger/message-notes.ts';
import { createDynamoRunLog } from '../../lib/ledger/runs.ts';
import { eraseSession } from '../../lib/operate/sessions.ts';
import { toArchiveKey } from '../../lib/record/archive.ts';
import { aRun, aSession, WEBSITE_ID } from '../support/builders.ts';
import { startEmbeddedAws, startEmbeddedLedger } from '../support/embedded-aws.ts';

const BUCKET = 'archive';
const NOW_MS = 1_790_856_000_000;
// Its id begins with the other's.
const [SESSION, OTHER] = [aSession('session_a'), aSession('session_ab')];

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

  return {
    erase: (session: SessionRef) => eraseSession({ s3: aws.s3, bucket: BUCKET, dynamodb, table }, session),
    async keep(session: SessionRef, messageId: string) {
      for (const version of [1, 2, 'latest'] as const) {
        const object = { Bucket: BUCKET, Key: toArchiveKey(session, version), Body: '{}' };
        await aws.s3.send(new PutObjectCommand(object));
      }
      await runLog.record([aRun({ session, messageId }), aRun({ session, messageId, receiveCount: 2 })]);
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

  const erased = await scene.erase(SESSION);

  expect(erased).toEqual({ records: 2, latest: 1, notes: 2 + 2 + 1 });
  expect(await scene.kept()).toEqual(before);
  expect(before.keys).toHaveLength(3);
  expect(await scene.erase(SESSION)).toEqual({ records: 0, latest: 0, notes: 0 });
});

/** An S3 with versions that lists two at a time. */
function createVersionedS3(versions: { Key: string; VersionId: string; isMarker?: boolean }[]) {
  const client = new S3Client({ region: 'eu-west-1' });
  const s3 = mockClient(client);
  let left = versions;
  s3.on(ListObjectVersionsCommand).callsFake(({ Prefix }: { Prefix: string }) => {
    const page = left.filter(({ Key }) => Key.startsWith(Prefix)).slice(0, 2);
    return {
      Versions: page.filter(({ isMarker }) => !isMarker),
      DeleteMarkers: page.filter(({ isMarker }) => isMarker),
    };
  });
  s3.on(ListObjectsV2Command).resolves({});
  s3.on(DeleteObjectsCommand).callsFake(({ Delete }) => {
    const gone = new Set(
      Delete.Objects.map(({ Key, VersionId }: { Key: string; VersionId: string }) => `${Key} ${VersionId}`),
    );
    left = left.filter(({ Key, VersionId }) => !gone.has(`${Key} ${VersionId}`));
    return {};
  });
  return { client, s3, left: () => left };
}

test('of a bucket with versions every version and every delete marker goes, page after page', async () => {
  const ledger = await startEmbeddedLedger();
  onTestFinished(ledger.stop);
  const record = toArchiveKey(SESSION, 1);
  const other = { Key: toArchiveKey(OTHER, 1), VersionId: 'v1' };
  const { client, left } = createVersionedS3([
    ...['v1', 'v2', 'v3'].map((VersionId) => ({ Key: record, VersionId })),
    { Key: record, VersionId: 'm1', isMarker: true },
    { Key: toArchiveKey(SESSION, 2), VersionId: 'v1' },
    { Key: toArchiveKey(SESSION, 'latest'), VersionId: 'v1' },
    { Key: toArchiveKey(SESSION, 'latest'), VersionId: 'v2' },
    other,
  ]);
  const dependencies = { s3: client, bucket: BUCKET, dynamodb: ledger.client, table: ledger.table };

  const erased = await eraseSession(dependencies, SESSION);

  expect(erased).toEqual({ records: 5, latest: 2, notes: 0 });
  expect(left()).toEqual([other]);
});

test('an object that S3 keeps is a failure that says so, and not the end of a loop', async () => {
  const ledger = await startEmbeddedLedger();
  onTestFinished(ledger.stop);
  const { client, s3 } = createVersionedS3([{ Key: toArchiveKey(SESSION, 1), VersionId: 'v1' }]);
  s3.on(DeleteObjectsCommand).resolves({ Errors: [{ Key: 'x', Code: 'AccessDenied' }] });
  const dependencies = { s3: client, bucket: BUCKET, dynamodb: ledger.client, table: ledger.table };

  await expect(eraseSession(dependencies, SESSION)).rejects.toMatchObject({
    code: 'aws_failed',
    message: '1 objects of archive could not be deleted; run it again',
  });
});

test('an id that breaks out of its prefix erases nothing', async () => {
  const ledger = await startEmbeddedLedger();
  onTestFinished(ledger.stop);
  const { client, s3 } = createVersionedS3([]);
  const dependencies = { s3: client, bucket: BUCKET, dynamodb: ledger.client, table: ledger.table };
  const session = { websiteId: WEBSITE_ID, sessionId: '../' } as unknown as SessionRef;

  await expect(eraseSession(dependencies, session)).rejects.toMatchObject({
    code: 'session_id_invalid',
  });
  expect(s3.calls()).toHaveLength(0);
});
