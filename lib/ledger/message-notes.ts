import { type AttributeValue, QueryCommand } from '@aws-sdk/client-dynamodb';
import { type SessionRef, toSessionKey } from '../ids.ts';
import { clipReason } from '../text.ts';
import { type Failure, type FailureNote, toFailureNote } from './failure-notes.ts';
import {
  createLedgerTable,
  type LedgerItem,
  type LedgerKey,
  type LedgerTableDeps,
  number,
  readNumber,
  toExpiry,
  toLedgerFailure,
  toNoteKey,
} from './table.ts';

/** What a failure means for the message that it is noted for. */
interface FailureWeight {
  /** True where it was the session's own: it spends one of `maxAttempts`. */
  readonly spendsAttempt: boolean;
  /** True where trying again cannot help. */
  readonly isPermanent: boolean;
  readonly maxAttempts: number;
}

/**
 * What is remembered about a message between two of its receives. Kept in the ledger; never needed for correctness: every
 * method may reject, and its caller goes on without it. Notes are bound to a message, so none outlives what it is about.
 */
export interface MessageNotes {
  /** Notes that Crisp did not have the message's conversation now; returns when that was first noted (epoch ms). */
  noteAbsence(messageId: string, nowMs: number): Promise<number>;
  /** Takes an absence back: Crisp had the conversation after all, so that the next one counts as the first again. */
  clearAbsence(messageId: string, nowMs: number): Promise<void>;
  /** Counts that a message was put off because Crisp's answer lacked the newest message; returns how often by now. */
  countStaleRead(messageId: string, nowMs: number): Promise<number>;
  /** Notes a failure; what it returns counts it already, and is final where it was permanent or spent the last attempt. */
  noteFailure(
    messageId: string,
    failure: Failure,
    options: FailureWeight & { readonly nowMs: number },
  ): Promise<FailureNote>;
  /** Undefined where none was noted. */
  readFailure(messageId: string): Promise<FailureNote | undefined>;
}

/** When sessions were redriven, so that one which always fails is not redriven for ever. May reject. */
export interface RedriveNotes {
  /** How often a session was redriven since then. */
  countSince(session: SessionRef, sinceMs: number): Promise<number>;
  /** When it was redriven, epoch ms, the oldest first. */
  list(session: SessionRef): Promise<readonly number[]>;
  note(session: SessionRef, nowMs: number): Promise<void>;
}

/** A look at the dead letters, which hides them while it lasts. */
export interface Look {
  readonly startedMs: number;
  /** When all that it hides is visible again at the latest, also after a kill. */
  readonly untilMs: number;
}

/** The looks that have begun and not ended, so that what one hides is explained to the next. May reject. */
export interface LookNotes {
  /** Resolves with the id by which it is ended. */
  begin(look: Look): Promise<string>;
  end(id: string): Promise<void>;
  /** Those that still hide something then. */
  open(nowMs: number): Promise<readonly (Look & { readonly id: string })[]>;
}

// A message lives for 14 days in the queue, and what is noted about its waiting is of no use afterwards.
const WAITING_SECONDS = 15 * 24 * 3600;
// Why it failed is asked for as long as it lies in the dead-letter queue: up to 14 days more, for a FIFO queue starts
// its retention anew with the move.
const FAILURE_SECONDS = 30 * 24 * 3600;

interface DynamoMessageNotesDeps extends LedgerTableDeps {
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
        { ':now': number(nowMs), ':end': toExpiry(nowMs, WAITING_SECONDS) },
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
        { ':one': number(1), ':end': toExpiry(nowMs, WAITING_SECONDS) },
      );
      return readNumber(staleReads);
    },

    async noteFailure(messageId, { code, detail, hint, status }, { nowMs, ...weight }) {
      const { assignments, removals, values } = toOptionalAttributes({
        detail: toText(detail === undefined ? undefined : redact(detail)),
        hint: toText(hint === undefined ? undefined : clipReason(redact(hint))),
        httpStatus: status === undefined ? undefined : number(status),
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
    ':spent': number(spendsAttempt ? 1 : 0),
    ':permanent': number(isPermanent ? 1 : 0),
    ':max': number(maxAttempts),
  };
}

function toTimes(nowMs: number): LedgerItem {
  return { ':now': number(nowMs), ':end': toExpiry(nowMs, FAILURE_SECONDS) };
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

function toText(value: string | undefined) {
  return value === undefined ? undefined : { S: value };
}

// As long as the runs of a session, beside which they are kept.
const NOTE_SECONDS = 30 * 24 * 3600;

/** The redrives of sessions, in the ledger. Rejects with `JobError` `ledger_failed`. */
export function createDynamoRedriveNotes(deps: LedgerTableDeps): RedriveNotes {
  const table = createLedgerTable(deps);
  const list = async (session: SessionRef) => readMoments((await table.get(toKey(session)))?.atMs);

  return {
    list,
    countSince: async (session, sinceMs) => (await list(session)).filter((atMs) => atMs >= sinceMs).length,

    async note(session, nowMs) {
      const values = {
        ':none': { L: [] },
        ':now': { L: [number(nowMs)] },
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
// One query: more than so many at a time are not expected.
const MOST_LOOKS = 50;

/** The looks at the dead letters, in the ledger. Rejects with `JobError` `ledger_failed`. */
export function createDynamoLookNotes(deps: LedgerTableDeps): LookNotes {
  const table = createLedgerTable(deps);

  return {
    async begin({ startedMs, untilMs }) {
      // Two looks of one millisecond share a note: the later end is lost, and with it an explanation, nothing else.
      const id = `look:${startedMs}`;
      const values = {
        ':start': number(startedMs),
        ':until': number(untilMs),
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
