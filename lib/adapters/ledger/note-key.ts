import type { LedgerItem, LedgerKey } from './ledger-table.ts';

const OWNER_PREFIX = 'message:';

/** The ledger's key of a note about a message. */
export function toNoteKey(messageId: string, note: 'absence' | 'stale-reads' | 'failure'): LedgerKey {
  return { pk: `${OWNER_PREFIX}${messageId}`, sk: note };
}

/** The message that an item is a note about; undefined where it is about something else. */
export function readNoteOwner({ pk }: LedgerItem): string | undefined {
  return pk?.S?.startsWith(OWNER_PREFIX) ? pk.S.slice(OWNER_PREFIX.length) : undefined;
}
