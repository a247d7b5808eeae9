import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { isJobErrorCode, JobError } from '../core/errors/job-error.ts';
import type { MessageNotes, Verdict } from '../ports/message-notes.ts';
import { toAwsFailure } from './aws-failure.ts';

export interface DynamoMessageNotesDeps {
  /** With time limits of its own: the pipeline would rather go on without its notes than wait. */
  readonly client: DynamoDBClient;
  /** The ledger: string keys `pk` and `sk`, TTL attribute `expiresAt`. */
  readonly table: string;
}

// A message lives for 14 days in the queue.
const NOTE_SECONDS = 15 * 24 * 3600;

/** The notes about messages, in the ledger. Each method rejects with `JobError` `ledger_failed` alone. */
export function createDynamoMessageNotes({ client, table }: DynamoMessageNotesDeps): MessageNotes {
  return {
    async noteAbsence(messageId, nowMs) {
      const { firstMs } = await update(toItemKey(messageId, 'absence'), `SET ${KEEP_FIRST}, ${KEEP_EXPIRY}`, {
        ':now': { N: String(nowMs) },
        ...toExpiry(nowMs),
      });
      return toCount(firstMs);
    },

    async countStaleRead(messageId, nowMs) {
      const { staleReads } = await update(
        toItemKey(messageId, 'stale-reads'),
        `ADD staleReads :one SET ${KEEP_EXPIRY}`,
        { ':one': { N: '1' }, ...toExpiry(nowMs) },
      );
      return toCount(staleReads);
    },

    async noteVerdict(messageId, { code, detail }, nowMs) {
      const values = { ':code': { S: code }, ':detail': { S: detail ?? '' }, ...toExpiry(nowMs) };
      await update(
        toItemKey(messageId, 'verdict'),
        `SET code = :code, detail = :detail, ${KEEP_EXPIRY}`,
        values,
      );
    },

    async readVerdict(messageId) {
      const command = new GetItemCommand({ TableName: table, Key: toItemKey(messageId, 'verdict') });
      const { Item } = await client
        .send(command)
        .catch((thrown: unknown) => throwLedgerError(thrown, 'dynamodb:GetItem'));
      return Item && toVerdict(Item);
    },
  };

  async function update(key: ItemKey, expression: string, values: Item): Promise<Item> {
    const command = new UpdateItemCommand({
      TableName: table,
      Key: key,
      UpdateExpression: expression,
      ExpressionAttributeValues: values,
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

function toItemKey(messageId: string, sk: string): ItemKey {
  return { pk: { S: `message:${messageId}` }, sk: { S: sk } };
}

// TTL attributes are in epoch seconds.
function toExpiry(nowMs: number): Item {
  return { ':end': { N: String(Math.ceil(nowMs / 1000) + NOTE_SECONDS) } };
}

function toVerdict({ code, detail }: Item): Verdict {
  const text = code?.S ?? '';
  if (!isJobErrorCode(text)) throw new JobError('ledger_failed', { detail: 'no_verdict' });
  return { code: text, detail: detail?.S || undefined };
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
