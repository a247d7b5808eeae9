import { DeleteItemCommand, type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import {
  DeleteObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ObjectVersion,
  type S3Client,
} from '@aws-sdk/client-s3';
import { toAwsOperationError } from '../aws/failures.ts';
import type { Clock } from '../clock.ts';
import type { RemovalPolicy } from '../config/config.ts';
import { OperationError } from '../errors.ts';
import { parsePeopleId, type SessionRef } from '../ids.ts';
import { toPersonKey } from '../ledger/people-notes.ts';
import { forgetRemoved, listRemoved, type RemovedSession } from '../ledger/removal-notes.ts';
import { toRunOwner } from '../ledger/runs.ts';
import { type LedgerItem, toItemKey, toLedgerFailure } from '../ledger/table.ts';
import {
  createS3RecordArchive,
  readLatest,
  type StoredLatest,
  toArchiveKey,
  toRecordsPrefix,
} from '../record/archive.ts';
import type { Telemetry } from '../telemetry/events.ts';

/** What was deleted of a session. */
interface ErasedSession {
  /** Versions and delete markers of archived records. */
  readonly records: number;
  /** The same of what `latest` said. */
  readonly latest: number;
  /** Runs, redrives and notes about its messages in the ledger. */
  readonly notes: number;
}

/** Where a stage keeps what it knows of sessions. */
export interface SessionStores {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly dynamodb: DynamoDBClient;
  readonly table: string;
}

/**
 * Deletes all that the stage keeps of one session, for good: from the archive every version and delete marker of every
 * object, and from the ledger its runs, its redrives, the notes about the messages that its runs name, and that it is its
 * person's. With `removed`, what came later than that stays: the conversation has come back. Run again, it deletes what is
 * left. Rejects with `OperationError`, or `JobError` `ledger_failed`.
 */
export async function eraseSession(
  stores: SessionStores,
  session: SessionRef,
  removed?: StoredLatest,
): Promise<ErasedSession> {
  // The content first: what is left after a failure is found again by the same ids.
  const records = await eraseObjects(stores, toRecordsPrefix(session), (object) => !isNewer(object, removed));
  const notes = (await eraseNotes(stores, session)) + (await erasePersonNote(stores, session, removed));
  const key = toArchiveKey(session, 'latest');
  // The newest version last, so that none before it becomes the newest, and only while it is the one that was read.
  const earlier = removed ? await eraseObjects(stores, key, ({ IsLatest }) => !IsLatest) : 0;
  const newest = await eraseObjects(stores, key, ({ ETag }) => !removed || ETag === removed.revision);
  return { records, notes, latest: earlier + newest };
}

function isNewer({ Key = '' }: ErasableObject, removed: StoredLatest | undefined): boolean {
  const version = Number.parseInt(Key.slice(Key.lastIndexOf('/') + 1), 10);
  return removed !== undefined && version > removed.latest.version;
}

type ErasableObject = Pick<ObjectVersion, 'Key' | 'VersionId' | 'ETag' | 'IsLatest'>;

async function eraseObjects(
  stores: SessionStores,
  prefix: string,
  mayGo: (object: ErasableObject) => boolean,
): Promise<number> {
  const { s3, bucket } = stores;
  let erased = 0;
  try {
    // Always the first page: what it showed is gone by the next look. What may not go is a record at the end of the list, or
    // the newest of `latest`, at its beginning.
    const find = async () => (await findObjects(stores, prefix)).filter(mayGo);
    for (let found = await find(); found.length > 0; found = await find()) {
      const objects = found.map(({ Key, VersionId }) => ({ Key, VersionId }));
      const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } });
      const { Errors = [] } = await s3.send(command);
      if (Errors.length > 0) throw toLeftOver(bucket, Errors.length);
      erased += found.length;
    }
  } catch (thrown) {
    const action = 's3:ListBucketVersions, s3:DeleteObject and s3:DeleteObjectVersion';
    throw toAwsOperationError(thrown, { action, resource: `arn:aws:s3:::${bucket}/${prefix}` });
  }
  return erased;
}

async function findObjects({ s3, bucket }: SessionStores, Prefix: string): Promise<ErasableObject[]> {
  const look = { Bucket: bucket, Prefix };
  const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand(look));
  const versions = [...Versions, ...DeleteMarkers];
  if (versions.length > 0) return versions;
  // An emulator may know no versions, and lists none.
  const { Contents = [] } = await s3.send(new ListObjectsV2Command(look));
  return Contents.map(({ Key, ETag }) => ({ Key, ETag, IsLatest: true }));
}

async function eraseNotes(stores: SessionStores, session: SessionRef): Promise<number> {
  const own = await findItems(stores, toRunOwner(session));
  const messageIds = new Set(own.flatMap(({ messageId }) => messageId?.S ?? []));
  let erased = 0;
  // Their notes first: it is the runs that name the messages.
  for (const messageId of messageIds)
    erased += await eraseItems(stores, await findItems(stores, toRunOwner(messageId)));
  return erased + (await eraseItems(stores, own));
}

/** Its key is in `latest`, which is deleted last. */
async function erasePersonNote(
  stores: SessionStores,
  session: SessionRef,
  removed: StoredLatest | undefined,
): Promise<number> {
  const archive = createS3RecordArchive({ client: stores.s3, bucket: stores.bucket });
  const latest = removed?.latest ?? (await readLatest(archive, session));
  // One that cannot be read names nobody, and is deleted all the same.
  const peopleId = latest === 'unreadable' ? undefined : parsePeopleId(latest?.people_id);
  if (peopleId === undefined) return 0;
  return eraseItems(stores, [toItemKey(toPersonKey({ ...session, peopleId }))]);
}

async function findItems({ dynamodb, table }: SessionStores, owner: string): Promise<LedgerItem[]> {
  const items: LedgerItem[] = [];
  let from: LedgerItem | undefined;
  do {
    const query = new QueryCommand({
      TableName: table,
      KeyConditionExpression: 'pk = :owner',
      ExpressionAttributeValues: { ':owner': { S: owner } },
      ConsistentRead: true,
      ExclusiveStartKey: from,
    });
    const page = await dynamodb.send(query).catch(toLedgerFailure('dynamodb:Query'));
    items.push(...(page.Items ?? []));
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return items;
}

async function eraseItems({ dynamodb, table }: SessionStores, items: readonly LedgerItem[]): Promise<number> {
  for (const { pk, sk } of items) {
    if (!pk || !sk) continue;
    const command = new DeleteItemCommand({ TableName: table, Key: { pk, sk } });
    await dynamodb.send(command).catch(toLedgerFailure('dynamodb:DeleteItem'));
  }
  return items.length;
}

function toLeftOver(bucket: string, count: number): OperationError {
  return new OperationError('aws_failed', `${count} objects of ${bucket} could not be deleted; run it again`);
}

export interface RemovalContext extends SessionStores {
  readonly onRemoved: RemovalPolicy;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

const DAY_MS = 24 * 3600 * 1000;

/**
 * How long the archived versions of a removed conversation are kept. For a day even where they are to be deleted: consumers
 * may still have to read one that a claim check names, and Crisp may have been wrong.
 */
const GRACE_MS: Readonly<Record<Exclude<RemovalPolicy, 'keep'>, number>> = {
  delete: DAY_MS,
  expire: 30 * DAY_MS,
};

const MOST_AT_ONCE = 25;
// Beyond so many it is S3 that fails, and not a conversation.
const MOST_FAILURES = 100;

/**
 * Deletes all that is kept of the conversations whose removal was announced and whose grace period is over, the oldest
 * first. One that has come back since is left alone. Resolves with how many are gone; rejects as `eraseSession` does, once
 * the others are done.
 */
export async function eraseRemoved(context: RemovalContext, signal: AbortSignal): Promise<number> {
  const { onRemoved, clock, dynamodb: client, table } = context;
  if (onRemoved === 'keep') return 0;
  const untilMs = clock.nowMs() - GRACE_MS[onRemoved];
  let erased = 0;
  const failures: unknown[] = [];
  let from: LedgerItem | undefined;
  do {
    const due = await listRemoved({ client, table }, { untilMs, limit: MOST_AT_ONCE, from });
    for (const removed of due.removed) {
      if (signal.aborted) return erased;
      try {
        erased += Number(await eraseOne(context, removed));
      } catch (thrown) {
        failures.push(thrown);
      }
    }
    from = due.next;
  } while (from !== undefined && failures.length < MOST_FAILURES);
  if (failures.length > 0) throw failures[0];
  return erased;
}

async function eraseOne(context: RemovalContext, removed: RemovedSession): Promise<boolean> {
  const { s3, bucket, dynamodb: client, table, telemetry } = context;
  const { session } = removed;
  const stored = await createS3RecordArchive({ client: s3, bucket }).getLatest(session);
  const isRemoved = stored?.latest.kind === 'conversation.removed';
  // Its message is still in the queue, and notes the removal again.
  const isAnnounced = isRemoved && stored.latest.announced;
  if (isAnnounced) {
    const { records, notes } = await eraseSession(context, session, stored);
    const { websiteId, sessionId } = session;
    telemetry.emit({ name: 'session-erased', websiteId, sessionId, records, notes });
  }
  await forgetRemoved({ client, table }, removed);
  return isAnnounced;
}
