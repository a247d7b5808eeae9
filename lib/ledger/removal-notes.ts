import { DeleteItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { parseSessionRef, type SessionRef, toSessionKey } from '../ids.ts';
import {
  createLedgerTable,
  type LedgerItem,
  type LedgerKey,
  type LedgerTableDeps,
  toExpiry,
  toItemKey,
  toLedgerFailure,
} from './table.ts';

/** A conversation whose removal was confirmed, and when. */
export interface RemovedSession {
  readonly session: SessionRef;
  readonly removedMs: number;
}

const REMOVED = 'removed';
// As long as records are kept where nothing else is set: those that nobody deleted are gone by then.
const KEPT_SECONDS = 400 * 24 * 3600;
// Epoch milliseconds up to the year 2286, so that they sort as texts.
const TIME_DIGITS = 13;

/** Before the removal is announced, so that none is announced and then forgotten. Rejects, as all here, with `ledger_failed`. */
export async function noteRemoved(deps: LedgerTableDeps, removed: RemovedSession): Promise<void> {
  const values = { ':end': toExpiry(removed.removedMs, KEPT_SECONDS) };
  await createLedgerTable(deps).update(toKey(removed), 'SET expiresAt = :end', values);
}

interface DueRemovals {
  readonly removed: readonly RemovedSession[];
  /** Where the next page begins; undefined where there is none. */
  readonly next: LedgerItem | undefined;
}

/** Those that were noted until then, the oldest first: a page of at most `limit`. */
export async function listRemoved(
  { client, table }: LedgerTableDeps,
  { untilMs, limit, from }: { untilMs: number; limit: number; from: LedgerItem | undefined },
): Promise<DueRemovals> {
  const query = new QueryCommand({
    TableName: table,
    KeyConditionExpression: 'pk = :removed AND sk < :until',
    ExpressionAttributeValues: { ':removed': { S: REMOVED }, ':until': { S: toTime(untilMs + 1) } },
    ConsistentRead: true,
    Limit: limit,
    ExclusiveStartKey: from,
  });
  const { Items = [], LastEvaluatedKey } = await client.send(query).catch(toLedgerFailure('dynamodb:Query'));
  return { removed: Items.flatMap(readRemoved), next: LastEvaluatedKey };
}

export async function forgetRemoved(
  { client, table }: LedgerTableDeps,
  removed: RemovedSession,
): Promise<void> {
  const command = new DeleteItemCommand({ TableName: table, Key: toItemKey(toKey(removed)) });
  await client.send(command).catch(toLedgerFailure('dynamodb:DeleteItem'));
}

function toKey({ session, removedMs }: RemovedSession): LedgerKey {
  return { pk: REMOVED, sk: `${toTime(removedMs)}:${toSessionKey(session)}` };
}

function toTime(ms: number): string {
  return String(Math.max(0, Math.floor(ms))).padStart(TIME_DIGITS, '0');
}

/** Nothing of an item that somebody has edited. */
function readRemoved({ sk }: LedgerItem): RemovedSession[] {
  const [time, website, id] = sk?.S?.split(':') ?? [];
  const session = parseSessionRef(website, id);
  return session ? [{ session, removedMs: Number(time) }] : [];
}
