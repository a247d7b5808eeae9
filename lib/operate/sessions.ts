import { DeleteItemCommand, type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import {
  DeleteObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ObjectIdentifier,
  type S3Client,
} from '@aws-sdk/client-s3';
import { toAwsOperationError } from '../aws/failures.ts';
import type { DeadLetterContext } from '../dead-letters/context.ts';
import type { DeadLetter } from '../dead-letters/dead-letter.ts';
import { type DeadLetterList, listDeadLetters } from '../dead-letters/list.ts';
import { OperationError } from '../errors.ts';
import { parseWebsiteId, type SessionRef, type WebsiteId } from '../ids.ts';
import { type Run, toRunOwner } from '../ledger/runs.ts';
import type { SessionNotes } from '../ledger/session-notes.ts';
import { type LedgerItem, toLedgerFailure } from '../ledger/table.ts';
import { type Latest, type RecordArchive, toArchiveKey, toRecordsPrefix } from '../record/archive.ts';
import { type SeenHook, type TimelineEntry, toTimeline } from './timeline.ts';

export interface TraceSessionOptions {
  /** The most runs. */
  readonly limit: number;
  /** The most dead letters to look at; undefined: all. */
  readonly max?: number | undefined;
  readonly signal: AbortSignal;
  /** Those that were seen of the session, where somebody keeps them. */
  readonly hooks?: readonly SeenHook[] | undefined;
}

/** What happened to a session, as far as anything of it is kept. */
export interface SessionStory {
  /** Newest first. */
  readonly runs: readonly Run[];
  /** Its newest archived version; undefined where it was never archived. */
  readonly latest: Latest | undefined;
  /** Of its archived records, the oldest first; of a session with many runs, those since the oldest that is shown. */
  readonly versions: readonly number[];
  /** All of it, the oldest entry first. */
  readonly timeline: readonly TimelineEntry[];
}

/** The same, with a look at the dead-letter queue. */
export interface SessionTrace extends SessionStory {
  readonly session: SessionRef;
  readonly deadLetters: readonly DeadLetter[];
  readonly look: DeadLetterList;
}

/** Where a trace comes from, beside the dead-letter queue and its notes. */
export interface TraceSources {
  readonly archive: Pick<RecordArchive, 'getLatest'>;
  /** The versions of a session that came from a fetch then or later, the oldest first. */
  readonly listVersions: (session: SessionRef, sinceMs: number) => Promise<readonly number[]>;
  readonly sessionNotes: Pick<SessionNotes, 'readActivity'>;
}

/** Gathers what the ledger, the archive and the dead-letter queue know of a session. */
export async function traceSession(
  context: DeadLetterContext,
  sources: TraceSources,
  session: SessionRef,
  { limit, max, signal, hooks }: TraceSessionOptions,
): Promise<SessionTrace> {
  const deadLetters: DeadLetter[] = [];
  const onLetter = async (letter: DeadLetter) => void deadLetters.push(letter);
  const looking = listDeadLetters(context, { filter: session, max, signal, onLetter });
  const seen = looking.then(() => deadLetters);
  const [look, story] = await Promise.all([
    looking,
    readStory(context, sources, session, { limit, hooks, deadLetters: seen }),
  ]);
  return { session, ...story, deadLetters, look };
}

export interface StoryOptions extends Pick<TraceSessionOptions, 'limit' | 'hooks'> {
  /** Those of the session that a look has seen. */
  readonly deadLetters: Promise<readonly DeadLetter[]> | readonly DeadLetter[];
}

/** The same without a look at the dead-letter queue, which would hide its messages: somebody else has looked. */
export async function readStory(
  context: Pick<DeadLetterContext, 'runHistory' | 'redriveNotes'>,
  { archive, listVersions, sessionNotes }: TraceSources,
  session: SessionRef,
  { limit, hooks = [], deadLetters: seen }: StoryOptions,
): Promise<SessionStory> {
  const [runs, stored, { sent }, redrivenMs, deadLetters] = await Promise.all([
    context.runHistory.ofSession(session, { limit }),
    archive.getLatest(session),
    sessionNotes.readActivity(session),
    context.redriveNotes.list(session),
    seen,
  ]);
  const latest = stored?.latest;
  // Of a session with many runs, those of the runs that are shown.
  const sinceMs = runs.length < limit ? 0 : (runs.at(-1)?.startedMs ?? 0);
  const versions = latest ? await listVersions(session, sinceMs) : [];
  const timeline = toTimeline({ runs, latest, versions, redrivenMs, deadLetters, sent, hooks });
  return { runs, latest, versions, timeline };
}

/** The versions of a session in the archive's bucket; at most a thousand. Rejects with `OperationError`. */
export async function listRecordVersions(
  { s3, bucket }: Pick<SessionStores, 's3' | 'bucket'>,
  session: SessionRef,
  sinceMs: number,
): Promise<readonly number[]> {
  const prefix = toRecordsPrefix(session);
  const command = new ListObjectsV2Command({
    Bucket: bucket,
    Prefix: prefix,
    // Keys sort as text: versions have as many digits as long as they are moments.
    ...(sinceMs > 1 && { StartAfter: `${prefix}${sinceMs - 1}.json` }),
  });
  const { Contents = [] } = await s3.send(command).catch((thrown: unknown) => {
    throw toAwsOperationError(thrown, { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` });
  });
  return Contents.map(({ Key = '' }) => Number.parseInt(Key.slice(prefix.length), 10)).filter(
    Number.isSafeInteger,
  );
}

// Enough to show a choice.
const MAX_WEBSITES = 20;

/** The websites of which something was archived. Rejects with `OperationError`. */
export async function listKnownWebsites(s3: S3Client, bucket: string): Promise<readonly WebsiteId[]> {
  const command = new ListObjectsV2Command({
    Bucket: bucket,
    Prefix: 'latest/',
    Delimiter: '/',
    MaxKeys: MAX_WEBSITES,
  });
  const { CommonPrefixes = [] } = await s3.send(command).catch((thrown: unknown) => {
    throw toAwsOperationError(thrown, { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}` });
  });
  return CommonPrefixes.map(({ Prefix = '' }) => parseWebsiteId(Prefix.split('/')[1])).filter(isKnown);
}

function isKnown(websiteId: WebsiteId | undefined): websiteId is WebsiteId {
  return websiteId !== undefined;
}

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
interface SessionStores {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly dynamodb: DynamoDBClient;
  readonly table: string;
}

/**
 * Deletes all that the stage keeps of one session, for good: from the archive every version and delete marker of every
 * object, and from the ledger its runs, its redrives, and the notes about the messages that its runs name. Run again, it
 * deletes what is left. Rejects with `OperationError`, or `JobError` `ledger_failed`.
 */
export async function eraseSession(stores: SessionStores, session: SessionRef): Promise<ErasedSession> {
  // The content first: what is left after a failure is found again by the same ids.
  const records = await eraseObjects(stores, toRecordsPrefix(session));
  const notes = await eraseNotes(stores, session);
  return { records, notes, latest: await eraseObjects(stores, toArchiveKey(session, 'latest')) };
}

async function eraseObjects(stores: SessionStores, prefix: string): Promise<number> {
  const { s3, bucket } = stores;
  let erased = 0;
  try {
    // Always the first page: what it showed is gone by the next look.
    for (
      let found = await findObjects(stores, prefix);
      found.length > 0;
      found = await findObjects(stores, prefix)
    ) {
      const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: found, Quiet: true } });
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

async function findObjects({ s3, bucket }: SessionStores, Prefix: string): Promise<ObjectIdentifier[]> {
  const look = { Bucket: bucket, Prefix };
  const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand(look));
  const versions = [...Versions, ...DeleteMarkers];
  if (versions.length > 0) return versions.map(({ Key, VersionId }) => ({ Key, VersionId }));
  // An emulator may know no versions, and lists none.
  const { Contents = [] } = await s3.send(new ListObjectsV2Command(look));
  return Contents.map(({ Key }) => ({ Key }));
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
