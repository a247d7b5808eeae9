import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { toAwsFailure } from '../aws/failures.ts';
import { JobError, toJobError } from '../errors.ts';
import type { Telemetry } from '../telemetry/events.ts';
import type { UpdateItem } from './update-item.ts';

export interface LedgerTableDeps {
  /** With time limits of its own: the pipeline would rather go on without its notes than wait. */
  readonly client: DynamoDBClient;
  /** String keys `pk` and `sk`, TTL attribute `expiresAt`. */
  readonly table: string;
}

export type LedgerItem = Record<string, AttributeValue>;

/** `pk` says what an item is about (`message:…`, `session:…`), `sk` which of its notes it is. */
export interface LedgerKey {
  readonly pk: string;
  readonly sk: string;
}

interface LedgerChange {
  readonly expression: string;
  /** The condition's too. */
  readonly values: LedgerItem;
}

/** The ledger's items one by one. Each method rejects with `JobError` `ledger_failed` alone. */
export function createLedgerTable({ client, table }: LedgerTableDeps) {
  return {
    /** Undefined where there is none. Sees every write that came before it. */
    async get(key: LedgerKey): Promise<LedgerItem | undefined> {
      const command = new GetItemCommand({ TableName: table, Key: toItemKey(key), ConsistentRead: true });
      const { Item } = await client.send(command).catch(toLedgerFailure('dynamodb:GetItem'));
      return Item;
    },

    /** Creates or changes an item; resolves with the whole of it afterwards. */
    async update(key: LedgerKey, expression: string, values?: LedgerItem): Promise<LedgerItem> {
      const command = new UpdateItemCommand({
        TableName: table,
        Key: toItemKey(key),
        UpdateExpression: expression,
        ...(values && { ExpressionAttributeValues: values }),
        ReturnValues: 'ALL_NEW',
      });
      const { Attributes } = await client.send(command).catch(toLedgerFailure('dynamodb:UpdateItem'));
      return Attributes ?? {};
    },

    updateIf: (key: LedgerKey, condition: string, change: LedgerChange) =>
      updateItemIf({ update: toItemUpdate(client), table }, key, condition, change),
  };
}

/** What a note needs that is only written. */
export interface LedgerUpdateDeps {
  readonly update: UpdateItem;
  readonly table: string;
}

export function toItemUpdate(client: DynamoDBClient): UpdateItem {
  return (input) => client.send(new UpdateItemCommand(input));
}

/**
 * Changes an item that fulfils the condition, and resolves with it; any other is left as it is: undefined, and no
 * failure. Rejects with `ledger_failed`.
 */
export async function updateItemIf(
  { update, table }: LedgerUpdateDeps,
  key: LedgerKey,
  condition: string,
  { expression, values }: LedgerChange,
): Promise<LedgerItem | undefined> {
  const input = {
    TableName: table,
    Key: toItemKey(key),
    ConditionExpression: condition,
    UpdateExpression: expression,
    ExpressionAttributeValues: values,
    ReturnValues: 'ALL_NEW',
  } as const;
  const toFailure = toLedgerFailure('dynamodb:UpdateItem');
  try {
    const { Attributes } = await update(input);
    return Attributes ?? {};
  } catch (thrown) {
    if (toAwsFailure(thrown).code !== 'conditional_check_failed') toFailure(thrown);
    return undefined;
  }
}

/** For `.catch()`: throws the `JobError` of a failed call; `action` is the right that a refusal asks for. */
export function toLedgerFailure(action: string): (thrown: unknown) => never {
  return (thrown) => {
    const { code, status, isDenied } = toAwsFailure(thrown);
    throw new JobError('ledger_failed', {
      detail: code,
      cause: thrown,
      ...(status !== undefined && { status }),
      ...(isDenied && {
        hint: `allow ${action} on the ledger table, and the use of its KMS key where it has one`,
      }),
    });
  };
}

export function toItemKey({ pk, sk }: LedgerKey): LedgerItem {
  return { pk: { S: pk }, sk: { S: sk } };
}

/** A number attribute; throws `ledger_failed:no_number` where it is not a number. */
export function readNumber(attribute: AttributeValue | undefined): number {
  const number = Number(attribute?.N);
  if (!Number.isFinite(number)) throw new JobError('ledger_failed', { detail: 'no_number' });
  return number;
}

/** A number as an attribute. */
export function number(value: number | bigint): { readonly N: string } {
  return { N: String(value) };
}

/** TTL attributes are in epoch seconds. */
export function toExpiry(nowMs: number, seconds: number): AttributeValue {
  return { N: String(Math.ceil(nowMs / 1000) + seconds) };
}

const OWNER_PREFIX = 'message:';

/** The ledger's key of a note about a message. */
export function toNoteKey(messageId: string, note: 'absence' | 'stale-reads' | 'failure'): LedgerKey {
  return { pk: `${OWNER_PREFIX}${messageId}`, sk: note };
}

/** The message that an item is a note about; undefined where it is about something else. */
export function readNoteOwner({ pk }: LedgerItem): string | undefined {
  return pk?.S?.startsWith(OWNER_PREFIX) ? pk.S.slice(OWNER_PREFIX.length) : undefined;
}

export type BestEffort = ReturnType<typeof createBestEffort>;

/** Runs a ledger operation that the pipeline can do without: undefined, and an event, where it failed. */
export function createBestEffort(telemetry: Telemetry) {
  return async <T>(operation: string, run: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await run();
    } catch (thrown) {
      const code = toJobError(thrown).reason;
      telemetry.emit({ name: 'ledger-unavailable', operation, code });
      return undefined;
    }
  };
}
