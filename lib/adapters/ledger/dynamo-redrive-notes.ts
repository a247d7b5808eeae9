import { type AttributeValue, QueryCommand } from '@aws-sdk/client-dynamodb';
import { type SessionRef, toSessionKey } from '../../core/ids.ts';
import type { LookNotes, RedriveNotes } from '../../ports/redrive-notes.ts';
import {
  createLedgerTable,
  type LedgerKey,
  type LedgerTableDeps,
  toExpiry,
  toLedgerFailure,
} from './ledger-table.ts';

// As long as the runs of a session, beside which they are kept.
const NOTE_SECONDS = 30 * 24 * 3600;

/** The redrives of sessions, in the ledger. Rejects with `JobError` `ledger_failed`. */
export function createDynamoRedriveNotes(deps: LedgerTableDeps): RedriveNotes {
  const table = createLedgerTable(deps);

  return {
    async countSince(session, sinceMs) {
      const item = await table.get(toKey(session));
      return readMoments(item?.atMs).filter((atMs) => atMs >= sinceMs).length;
    },

    async note(session, nowMs) {
      const values = {
        ':none': { L: [] },
        ':now': { L: [{ N: String(nowMs) }] },
        ':end': toExpiry(nowMs, NOTE_SECONDS),
      };
      const expression = 'SET atMs = list_append(if_not_exists(atMs, :none), :now), expiresAt = :end';
      await table.update(toKey(session), expression, values);
    },
  };
}

function toKey(session: SessionRef): LedgerKey {
  return { pk: `session:${toSessionKey(session)}`, sk: 'redrives' };
}

function readMoments(attribute: AttributeValue | undefined): number[] {
  return (attribute?.L ?? []).map(({ N }) => Number(N));
}

const LOOKS = 'dead-letter-looks';
// After the last moment at which it can hide anything.
const LOOK_NOTE_SECONDS = 24 * 3600;
// One query: more than so many at a time is nobody.
const MOST_LOOKS = 50;

/** The looks at the dead letters, in the ledger. Rejects with `JobError` `ledger_failed`. */
export function createDynamoLookNotes(deps: LedgerTableDeps): LookNotes {
  const table = createLedgerTable(deps);

  return {
    async begin({ startedMs, untilMs }) {
      // Two looks of one millisecond share a note: the later end is lost, and with it an explanation, nothing else.
      const id = `look:${startedMs}`;
      const values = {
        ':start': { N: String(startedMs) },
        ':until': { N: String(untilMs) },
        ':end': toExpiry(untilMs, LOOK_NOTE_SECONDS),
      };
      const expression = 'SET startedMs = :start, untilMs = :until, expiresAt = :end';
      await table.update({ pk: LOOKS, sk: id }, expression, values);
      return id;
    },

    async end(id) {
      await table.update({ pk: LOOKS, sk: id }, 'SET untilMs = :none', { ':none': { N: '0' } });
    },

    async open(nowMs) {
      const query = new QueryCommand({
        TableName: deps.table,
        KeyConditionExpression: 'pk = :looks',
        ExpressionAttributeValues: { ':looks': { S: LOOKS } },
        ScanIndexForward: false,
        ConsistentRead: true,
        Limit: MOST_LOOKS,
      });
      const { Items = [] } = await deps.client.send(query).catch(toLedgerFailure('dynamodb:Query'));
      return Items.map(({ sk, startedMs, untilMs }) => ({
        id: sk?.S ?? '',
        startedMs: Number(startedMs?.N),
        untilMs: Number(untilMs?.N),
      })).filter(({ untilMs }) => untilMs > nowMs);
    },
  };
}
