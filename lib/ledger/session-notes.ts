import { QueryCommand } from '@aws-sdk/client-dynamodb';
import type { FetchMode, SessionRef } from '../ids.ts';
import { RUN_PREFIX, type Run, toRun, toRunOwner } from './runs.ts';
import {
  type LedgerItem,
  type LedgerTableDeps,
  type LedgerUpdateDeps,
  number,
  readNumber,
  toExpiry,
  toItemUpdate,
  toLedgerFailure,
  updateItemIf,
} from './table.ts';

/** A message that the sessions queue took for a session. */
export interface SentMessage {
  readonly mode: FetchMode;
  /** Of two messages of a session, the one that was sent later has the greater number. */
  readonly sequenceNumber: bigint;
  /** Its fetch starts then or later, epoch ms. */
  readonly notBeforeMs: number;
}

/** What lately happened to a session. */
export interface SessionActivity {
  /** The newest message that was noted of each mode. */
  readonly sent: readonly SentMessage[];
  /** Newest first; only the newest of many. */
  readonly runs: readonly Run[];
}

/** What webhook and consumer know of a session from each other. May reject: without it every message is fetched. */
export interface SessionNotes {
  /** Nothing happens where a later message of that mode is noted. */
  noteSent(session: SessionRef, sent: SentMessage, nowMs: number): Promise<void>;
  readActivity(session: SessionRef): Promise<SessionActivity>;
}

export type SentNotes = Pick<SessionNotes, 'noteSent'>;

const SENT = 'sent';
// It is of use for minutes: as long as a message may supersede another one.
const SENT_SECONDS = 24 * 3600;
const MOST_REMEMBERED = 1000;
// A busy session has two messages in each bucket at most, and is fetched every few of them.
const MOST_ITEMS = 25;

const NOTE_SENT: Readonly<Record<FetchMode, readonly [condition: string, expression: string]>> = {
  incremental: [
    'attribute_not_exists(incrementalNumber) OR incrementalNumber < :number',
    'SET incrementalNumber = :number, incrementalDueMs = :due, expiresAt = :end',
  ],
  full: [
    'attribute_not_exists(fullNumber) OR fullNumber < :number',
    'SET fullNumber = :number, fullDueMs = :due, expiresAt = :end',
  ],
};

/** The notes about sessions, in the ledger. Rejects with `JobError` `ledger_failed` alone. */
export function createDynamoSessionNotes(ledger: LedgerTableDeps): SessionNotes {
  const { client, table } = ledger;
  return {
    ...createDynamoSentNotes({ update: toItemUpdate(client), table }),
    readActivity: (session) => readActivity(ledger, session),
  };
}

/** What the webhook notes; it has no right to read. */
export function createDynamoSentNotes(ledger: LedgerUpdateDeps): SentNotes {
  // Most hooks become part of a message that this instance has noted.
  const noted = new Set<string>();
  return {
    async noteSent(session, { mode, sequenceNumber, notBeforeMs }, nowMs) {
      const owner = toRunOwner(session);
      // SQS's numbers are unique within a session alone.
      const message = `${owner} ${mode} ${sequenceNumber}`;
      if (noted.has(message)) return;
      const [condition, expression] = NOTE_SENT[mode];
      const values = {
        ':number': number(sequenceNumber),
        ':due': number(notBeforeMs),
        ':end': toExpiry(nowMs, SENT_SECONDS),
      };
      await updateItemIf(ledger, { pk: owner, sk: SENT }, condition, { expression, values });
      if (noted.size >= MOST_REMEMBERED) noted.clear();
      noted.add(message);
    },
  };
}

/** One request for both: the note sorts behind the runs. */
async function readActivity(
  { client, table }: LedgerTableDeps,
  session: SessionRef,
): Promise<SessionActivity> {
  const query = new QueryCommand({
    TableName: table,
    KeyConditionExpression: 'pk = :owner AND sk >= :run',
    ExpressionAttributeValues: { ':owner': { S: toRunOwner(session) }, ':run': { S: RUN_PREFIX } },
    ScanIndexForward: false,
    ConsistentRead: true,
    Limit: MOST_ITEMS,
  });
  const { Items = [] } = await client.send(query).catch(toLedgerFailure('dynamodb:Query'));
  return {
    sent: Items.filter(({ sk }) => sk?.S === SENT).flatMap(toSentMessages),
    runs: Items.flatMap((item) => toRun(item) ?? []),
  };
}

function toSentMessages(item: LedgerItem): SentMessage[] {
  const { incrementalNumber, incrementalDueMs, fullNumber, fullDueMs } = item;
  return [
    ...toSentMessage('incremental', incrementalNumber?.N, incrementalDueMs),
    ...toSentMessage('full', fullNumber?.N, fullDueMs),
  ];
}

function toSentMessage(mode: FetchMode, number: string | undefined, due: LedgerItem[string] | undefined) {
  if (number === undefined) return [];
  return [{ mode, sequenceNumber: BigInt(number), notBeforeMs: readNumber(due) }];
}
