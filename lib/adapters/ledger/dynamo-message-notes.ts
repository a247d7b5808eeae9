import { clipReason } from '../../core/run/clip-reason.ts';
import type { FailureWeight, MessageNotes } from '../../ports/message-notes.ts';
import { toFailureNote } from './failure-item.ts';
import {
  createLedgerTable,
  type LedgerItem,
  type LedgerTableDeps,
  readNumber,
  toExpiry,
} from './ledger-table.ts';
import { toNoteKey } from './note-key.ts';

// A message lives for 14 days in the queue, and what is noted about its waiting is of no use afterwards.
const WAITING_SECONDS = 15 * 24 * 3600;
// Why it failed is asked for as long as it lies in the dead-letter queue: up to 14 days more, for a FIFO queue starts
// its retention anew with the move.
const FAILURE_SECONDS = 30 * 24 * 3600;

export interface DynamoMessageNotesDeps extends LedgerTableDeps {
  /** The last look at what is noted of a failure: takes out the secrets that the function has read. */
  readonly redact?: (text: string) => string;
}

/** The notes about messages, in the ledger. Each method rejects with `JobError` `ledger_failed` alone. */
export function createDynamoMessageNotes({
  redact = (text) => text,
  ...deps
}: DynamoMessageNotesDeps): MessageNotes {
  const table = createLedgerTable(deps);

  return {
    async noteAbsence(messageId, nowMs) {
      const { firstMs } = await table.update(
        toNoteKey(messageId, 'absence'),
        'SET firstMs = if_not_exists(firstMs, :now), expiresAt = if_not_exists(expiresAt, :end)',
        { ':now': toNumber(nowMs), ':end': toExpiry(nowMs, WAITING_SECONDS) },
      );
      return readNumber(firstMs);
    },

    async clearAbsence(messageId, nowMs) {
      // An update, as all notes are: it needs no further right. It creates an item where there was none, so that has to end.
      await table.update(
        toNoteKey(messageId, 'absence'),
        'SET expiresAt = if_not_exists(expiresAt, :end) REMOVE firstMs',
        { ':end': toExpiry(nowMs, WAITING_SECONDS) },
      );
    },

    async countStaleRead(messageId, nowMs) {
      const { staleReads } = await table.update(
        toNoteKey(messageId, 'stale-reads'),
        'ADD staleReads :one SET expiresAt = if_not_exists(expiresAt, :end)',
        { ':one': toNumber(1), ':end': toExpiry(nowMs, WAITING_SECONDS) },
      );
      return readNumber(staleReads);
    },

    async noteFailure(messageId, { code, detail, hint, status }, { nowMs, ...weight }) {
      const { assignments, removals, values } = toOptionalAttributes({
        detail: toText(detail === undefined ? undefined : redact(detail)),
        hint: toText(hint === undefined ? undefined : clipReason(redact(hint))),
        httpStatus: status === undefined ? undefined : toNumber(status),
      });
      const item = await table.update(
        toNoteKey(messageId, 'failure'),
        `${COUNT_FAILURE} ${[SET_FAILURE, ...assignments].join(', ')}${removals}`,
        { ':code': { S: code }, ...toCounts(weight), ...toTimes(nowMs), ...values },
      );
      return toFailureNote(item);
    },

    async readFailure(messageId) {
      const item = await table.get(toNoteKey(messageId, 'failure'));
      return item && toFailureNote(item);
    },
  };
}

// Sums, so that failures noted at the same time are all counted. The limit is that of the first one: what was final once
// stays so, whatever the configuration says by then.
const COUNT_FAILURE = 'ADD failures :spent, permanents :permanent';
const SET_FAILURE =
  'SET code = :code, lastMs = :now, firstMs = if_not_exists(firstMs, :now), ' +
  'maxAttempts = if_not_exists(maxAttempts, :max), expiresAt = :end';

function toCounts({ spendsAttempt, isPermanent, maxAttempts }: FailureWeight): LedgerItem {
  return {
    ':spent': toNumber(spendsAttempt ? 1 : 0),
    ':permanent': toNumber(isPermanent ? 1 : 0),
    ':max': toNumber(maxAttempts),
  };
}

function toTimes(nowMs: number): LedgerItem {
  return { ':now': toNumber(nowMs), ':end': toExpiry(nowMs, FAILURE_SECONDS) };
}

/** The parts of an update that set the attributes which have a value, and remove what an earlier failure left in others. */
function toOptionalAttributes(attributes: Readonly<Record<string, LedgerItem[string] | undefined>>) {
  const names = Object.keys(attributes);
  const absent = names.filter((name) => attributes[name] === undefined);
  const present = Object.entries(attributes).flatMap(([name, value]) => (value ? [{ name, value }] : []));
  return {
    assignments: present.map(({ name }) => `${name} = :${name}`),
    removals: absent.length === 0 ? '' : ` REMOVE ${absent.join(', ')}`,
    values: Object.fromEntries(present.map(({ name, value }) => [`:${name}`, value])),
  };
}

function toNumber(value: number) {
  return { N: String(value) };
}

function toText(value: string | undefined) {
  return value === undefined ? undefined : { S: value };
}
