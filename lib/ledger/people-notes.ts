import { DeleteItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { toAwsFailure } from '../aws/failures.ts';
import {
  type PersonRef,
  parsePeopleId,
  parseSessionId,
  parseWebsiteId,
  type SessionId,
  type SessionRef,
} from '../ids.ts';
import {
  createLedgerTable,
  type LedgerItem,
  type LedgerKey,
  type LedgerTableDeps,
  type LedgerUpdateDeps,
  number,
  readNumber,
  toExpiry,
  toItemKey,
  toLedgerFailure,
} from './table.ts';

/** A conversation of a person's, and when Crisp last updated it, epoch ms. */
export interface PersonsSession extends PersonRef, SessionRef {
  readonly updatedMs: number;
}

/** A person whose profile changed or was removed, and whose conversations are to be fetched again. */
export interface ChangedPerson extends PersonRef {
  /** Of the newest change, by our clock, epoch ms. */
  readonly changedMs: number;
  /** Up to this one they are enqueued; undefined: none is. */
  readonly after: SessionId | undefined;
}

interface ListSessionsOptions {
  readonly after: SessionId | undefined;
  readonly limit: number;
  readonly nowMs: number;
}

/** A conversation that Crisp has not updated for longer is not fetched again for its person's sake. */
export const RECENT_SECONDS = 30 * 24 * 3600;

const CHANGED = 'people-changed';
const SESSION_PREFIX = 'session:';

/** For a conversation that no run of the consumer's has noted. This and all else here rejects with `ledger_failed` alone. */
export async function notePersonsSession(deps: LedgerTableDeps, session: PersonsSession): Promise<void> {
  const expiry = toExpiry(session.updatedMs, RECENT_SECONDS);
  await createLedgerTable(deps).update(toPersonKey(session), 'SET expiresAt = :end', { ':end': expiry });
}

/** The item of a person's conversation, for a request that writes others, too. */
export function toPersonItem(session: PersonsSession): LedgerItem {
  return { ...toItemKey(toPersonKey(session)), expiresAt: toExpiry(session.updatedMs, RECENT_SECONDS) };
}

/** Where the ledger names a conversation under its person. */
export function toPersonKey(session: PersonRef & SessionRef): LedgerKey {
  return { pk: toOwner(session), sk: `${SESSION_PREFIX}${session.sessionId}` };
}

function toOwner({ websiteId, peopleId }: PersonRef): string {
  return `person:${websiteId}:${peopleId}`;
}

/** A person's conversations of the last 30 days, in the order of their ids, behind `after`. */
export async function listPersonsSessions(
  { client, table }: LedgerTableDeps,
  person: PersonRef,
  { after, limit, nowMs }: ListSessionsOptions,
): Promise<readonly SessionId[]> {
  const found: SessionId[] = [];
  let from: LedgerItem | undefined = after && toItemKey(toPersonKey({ ...person, sessionId: after }));
  do {
    const query = new QueryCommand({
      TableName: table,
      KeyConditionExpression: 'pk = :owner AND begins_with(sk, :session)',
      // What has expired may be there for days.
      FilterExpression: 'expiresAt > :now',
      ExpressionAttributeValues: {
        ':owner': { S: toOwner(person) },
        ':session': { S: SESSION_PREFIX },
        ':now': toExpiry(nowMs, 0),
      },
      ConsistentRead: true,
      ExclusiveStartKey: from,
    });
    const page = await client.send(query).catch(toLedgerFailure('dynamodb:Query'));
    found.push(
      ...(page.Items ?? []).flatMap(({ sk }) => parseSessionId(sk?.S?.slice(SESSION_PREFIX.length)) ?? []),
    );
    from = page.LastEvaluatedKey;
  } while (from !== undefined && found.length < limit);
  return found.slice(0, limit);
}

/** That a person's profile changed, as the webhook notes it: it has no right to read. */
export async function notePersonChanged(
  { update, table }: LedgerUpdateDeps,
  person: PersonRef,
  nowMs: number,
): Promise<void> {
  await update({
    TableName: table,
    Key: toItemKey(toChangedKey(person)),
    UpdateExpression: 'SET changedMs = :now, expiresAt = :end REMOVE afterSession',
    ExpressionAttributeValues: { ':now': number(nowMs), ':end': toExpiry(nowMs, RECENT_SECONDS) },
  }).catch(toLedgerFailure('dynamodb:UpdateItem'));
}

/**
 * The people whose profile changed: before the others those of whom nothing is enqueued yet, and of each kind those that
 * wait longest first. One page of 1 MB, some ten thousand; the others follow once these are done.
 */
export async function listChangedPeople({
  client,
  table,
}: LedgerTableDeps): Promise<readonly ChangedPerson[]> {
  const query = new QueryCommand({
    TableName: table,
    KeyConditionExpression: 'pk = :changed',
    ExpressionAttributeValues: { ':changed': { S: CHANGED } },
    ConsistentRead: true,
  });
  const { Items = [] } = await client.send(query).catch(toLedgerFailure('dynamodb:Query'));
  const isBegun = ({ after }: ChangedPerson) => Number(after !== undefined);
  return Items.flatMap(readChanged).toSorted((a, b) => isBegun(a) - isBegun(b) || a.changedMs - b.changedMs);
}

/** Nothing happens where the profile has changed again since. */
export async function noteProgress(
  deps: LedgerTableDeps,
  person: ChangedPerson,
  after: SessionId,
): Promise<void> {
  await createLedgerTable(deps).updateIf(toChangedKey(person), 'changedMs = :known', {
    expression: 'SET afterSession = :after',
    values: { ':known': number(person.changedMs), ':after': { S: after } },
  });
}

/** All of a person's conversations are enqueued. Nothing happens where the profile has changed again since. */
export async function forgetChanged(
  { client, table }: LedgerTableDeps,
  person: ChangedPerson,
): Promise<void> {
  const command = new DeleteItemCommand({
    TableName: table,
    Key: toItemKey(toChangedKey(person)),
    ConditionExpression: 'changedMs = :known',
    ExpressionAttributeValues: { ':known': number(person.changedMs) },
  });
  const toFailure = toLedgerFailure('dynamodb:DeleteItem');
  await client.send(command).catch((thrown: unknown) => {
    if (toAwsFailure(thrown).code !== 'conditional_check_failed') toFailure(thrown);
  });
}

function toChangedKey({ websiteId, peopleId }: PersonRef): LedgerKey {
  return { pk: CHANGED, sk: `${websiteId}:${peopleId}` };
}

/** Nothing of an item that somebody has edited. */
function readChanged({ sk, changedMs, afterSession }: LedgerItem): ChangedPerson[] {
  const [website, people] = sk?.S?.split(':') ?? [];
  const [websiteId, peopleId] = [parseWebsiteId(website), parsePeopleId(people)];
  if (!websiteId || !peopleId || changedMs?.N === undefined) return [];
  return [{ websiteId, peopleId, changedMs: readNumber(changedMs), after: parseSessionId(afterSession?.S) }];
}
