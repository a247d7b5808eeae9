import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { type SessionRef, toSessionKey } from '../../core/ids.ts';
import type { RedriveNotes } from '../../ports/redrive-notes.ts';
import { createLedgerTable, type LedgerKey, type LedgerTableDeps, toExpiry } from './ledger-table.ts';

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
