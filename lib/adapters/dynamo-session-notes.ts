import {
  type AttributeValue,
  DeleteItemCommand,
  type DynamoDBClient,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { JobError } from '../core/errors/job-error.ts';
import { type SessionRef, toSessionKey } from '../core/ids.ts';
import type { SessionNotes } from '../ports/session-notes.ts';
import { toAwsFailure } from './aws-failure.ts';

export interface DynamoSessionNotesDeps {
  /** With time limits of its own: the pipeline would rather go on without its notes than wait. */
  readonly client: DynamoDBClient;
  /** The ledger: string keys `pk` and `sk`, TTL attribute `expiresAt`. */
  readonly table: string;
}

// A removal is confirmed within seconds; a day covers any backoff, and an older absence says nothing any more.
const ABSENCE_SECONDS = 24 * 3600;
// A message lives for 14 days in the queue.
const STALE_READ_SECONDS = 15 * 24 * 3600;

/** The notes about sessions, in the ledger. Each method rejects with `JobError` `ledger_failed` alone. */
export function createDynamoSessionNotes({ client, table }: DynamoSessionNotesDeps): SessionNotes {
  return {
    async noteAbsence(session, nowMs) {
      const values = { ':now': nowMs, ':end': toExpiry(nowMs, ABSENCE_SECONDS) };
      const key = toAbsenceKey(session);
      const { firstMs } = await update(key, `SET ${KEEP_FIRST}, ${KEEP_EXPIRY}`, values);
      // DynamoDB deletes what has expired only days later.
      if (toCount(firstMs) + ABSENCE_SECONDS * 1000 > nowMs) return toCount(firstMs);

      await update(key, 'SET firstMs = :now, expiresAt = :end', values);
      return nowMs;
    },

    async clearAbsence(session) {
      const command = new DeleteItemCommand({ TableName: table, Key: toAbsenceKey(session) });
      await client.send(command).catch((thrown) => throwLedgerError(thrown, 'dynamodb:DeleteItem'));
    },

    async countStaleRead(messageId, nowMs) {
      const values = { ':one': 1, ':end': toExpiry(nowMs, STALE_READ_SECONDS) };
      const { staleReads } = await update(
        toItemKey(`message:${messageId}`, 'stale-reads'),
        `ADD staleReads :one SET ${KEEP_EXPIRY}`,
        values,
      );
      return toCount(staleReads);
    },
  };

  async function update(key: ItemKey, expression: string, values: Record<string, number>): Promise<Item> {
    const command = new UpdateItemCommand({
      TableName: table,
      Key: key,
      UpdateExpression: expression,
      ExpressionAttributeValues: toAttributeValues(values),
      ReturnValues: 'ALL_NEW',
    });
    const result = await client
      .send(command)
      .catch((thrown) => throwLedgerError(thrown, 'dynamodb:UpdateItem'));
    return result.Attributes ?? {};
  }
}

const KEEP_FIRST = 'firstMs = if_not_exists(firstMs, :now)';
const KEEP_EXPIRY = 'expiresAt = if_not_exists(expiresAt, :end)';

type Item = Record<string, AttributeValue>;
type ItemKey = { readonly pk: AttributeValue; readonly sk: AttributeValue };

function toAbsenceKey(session: SessionRef): ItemKey {
  return toItemKey(`session:${toSessionKey(session)}`, 'absence');
}

function toItemKey(pk: string, sk: string): ItemKey {
  return { pk: { S: pk }, sk: { S: sk } };
}

function toAttributeValues(values: Record<string, number>): Item {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { N: String(value) }]));
}

// TTL attributes are in epoch seconds.
function toExpiry(nowMs: number, seconds: number): number {
  return Math.ceil(nowMs / 1000) + seconds;
}

function toCount(attribute: AttributeValue | undefined): number {
  const count = Number(attribute?.N);
  if (!Number.isFinite(count)) throw new JobError('ledger_failed', { detail: 'no_number' });
  return count;
}

function throwLedgerError(thrown: unknown, action: string): never {
  const { code, status, isDenied } = toAwsFailure(thrown);
  throw new JobError('ledger_failed', {
    detail: code,
    cause: thrown,
    ...(status !== undefined && { status }),
    ...(isDenied && {
      hint: `allow ${action} on the ledger table, and the use of its KMS key where it has one`,
    }),
  });
}
