import { DeleteItemCommand, type DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import {
  DeleteObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ObjectIdentifier,
  type S3Client,
} from '@aws-sdk/client-s3';
import { toAwsOperationError } from '../aws/failures.ts';
import { OperationError } from '../errors.ts';
import type { SessionRef } from '../ids.ts';
import { toRunOwner } from '../ledger/runs.ts';
import { type LedgerItem, toLedgerFailure } from '../ledger/table.ts';
import { toArchiveKey, toRecordsPrefix } from '../record/archive.ts';

/** What was deleted of a session. */
interface ErasedSession {
  /** Versions and delete markers of archived records. */
  readonly records: number;
  /** The same of what `latest` said. */
  readonly latest: number;
  /** Runs, redrives and notes about its messages in the ledger. */
  readonly notes: number;
}

/** Deletes all that the stage keeps of one session, for good. Run again, it deletes what is left. */
interface SessionEraser {
  /** Rejects with `OperationError`, or `JobError` `ledger_failed`. */
  erase(session: SessionRef): Promise<ErasedSession>;
}

interface AwsSessionEraserDeps {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly dynamodb: DynamoDBClient;
  readonly table: string;
}

/**
 * Erases a session from the archive, every version and delete marker of every object, and from the ledger: its runs, its
 * redrives, and the notes about the messages that its runs name.
 */
export function createAwsSessionEraser({ s3, bucket, dynamodb, table }: AwsSessionEraserDeps): SessionEraser {
  return {
    async erase(session) {
      // The content first: what is left after a failure is found again by the same ids.
      const records = await eraseObjects(toRecordsPrefix(session));
      const notes = await eraseNotes(session);
      return { records, notes, latest: await eraseObjects(toArchiveKey(session, 'latest')) };
    },
  };

  async function eraseObjects(prefix: string): Promise<number> {
    let erased = 0;
    try {
      // Always the first page: what it showed is gone by the next look.
      for (let found = await findObjects(prefix); found.length > 0; found = await findObjects(prefix)) {
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

  async function findObjects(Prefix: string): Promise<ObjectIdentifier[]> {
    const look = { Bucket: bucket, Prefix };
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand(look));
    const versions = [...Versions, ...DeleteMarkers];
    if (versions.length > 0) return versions.map(({ Key, VersionId }) => ({ Key, VersionId }));
    // An emulator may know no versions, and lists none.
    const { Contents = [] } = await s3.send(new ListObjectsV2Command(look));
    return Contents.map(({ Key }) => ({ Key }));
  }

  async function eraseNotes(session: SessionRef): Promise<number> {
    const own = await findItems(toRunOwner(session));
    const messageIds = new Set(own.flatMap(({ messageId }) => messageId?.S ?? []));
    let erased = 0;
    // Their notes first: it is the runs that name the messages.
    for (const messageId of messageIds) erased += await eraseItems(await findItems(toRunOwner(messageId)));
    return erased + (await eraseItems(own));
  }

  async function findItems(owner: string): Promise<LedgerItem[]> {
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

  async function eraseItems(items: readonly LedgerItem[]): Promise<number> {
    for (const { pk, sk } of items) {
      if (!pk || !sk) continue;
      const command = new DeleteItemCommand({ TableName: table, Key: { pk, sk } });
      await dynamodb.send(command).catch(toLedgerFailure('dynamodb:DeleteItem'));
    }
    return items.length;
  }
}

function toLeftOver(bucket: string, count: number): OperationError {
  return new OperationError('aws_failed', `${count} objects of ${bucket} could not be deleted; run it again`);
}
