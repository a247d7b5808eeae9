import { BatchGetItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../clock.ts';
import { isJobErrorCode, JobError, type JobErrorCode } from '../errors.ts';
import { clipReason } from '../text.ts';
import {
  type LedgerItem,
  type LedgerTableDeps,
  readNoteOwner,
  readNumber,
  toItemKey,
  toLedgerFailure,
  toNoteKey,
} from './table.ts';

/** The failures of many messages at once, for those who look at a dead-letter queue. */
export interface FailureNotes {
  /** By message id; a message of which nothing is known is absent. */
  readMany(messageIds: readonly string[]): Promise<ReadonlyMap<string, FailureNote>>;
}

interface DynamoFailureNotesDeps extends LedgerTableDeps {
  readonly clock: Clock;
}

// Keys in one BatchGetItem; the API allows no more.
const CHUNK_KEYS = 100;
// DynamoDB leaves keys unanswered where it is asked too much: 50 ms, 100 ms, … so about six seconds in all.
const FIRST_PAUSE_MS = 50;
const MAX_ROUNDS = 8;

/**
 * The failures of many messages, chunk after chunk. Rejects with `JobError` `ledger_failed`; a note that makes no sense
 * counts as absent.
 */
export function createDynamoFailureNotes({ client, table, clock }: DynamoFailureNotesDeps): FailureNotes {
  return {
    async readMany(messageIds) {
      const notes = new Map<string, FailureNote>();
      // A key that is asked for twice is an error to DynamoDB.
      const ids = [...new Set(messageIds)];
      for (let at = 0; at < ids.length; at += CHUNK_KEYS) {
        for (const item of await readChunk(ids.slice(at, at + CHUNK_KEYS))) addNote(notes, item);
      }
      return notes;
    },
  };

  async function readChunk(messageIds: readonly string[]): Promise<LedgerItem[]> {
    const items: LedgerItem[] = [];
    let keys = messageIds.map((messageId) => toItemKey(toNoteKey(messageId, 'failure')));
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      if (round > 0) await clock.sleep(FIRST_PAUSE_MS * 2 ** (round - 1));
      const command = new BatchGetItemCommand({
        RequestItems: { [table]: { Keys: keys, ConsistentRead: true } },
      });
      const answer = await client.send(command).catch(toLedgerFailure('dynamodb:BatchGetItem'));
      items.push(...(answer.Responses?.[table] ?? []));
      keys = answer.UnprocessedKeys?.[table]?.Keys ?? [];
      if (keys.length === 0) return items;
    }
    throw new JobError('ledger_failed', { detail: 'unprocessed_keys' });
  }
}

function addNote(notes: Map<string, FailureNote>, item: LedgerItem): void {
  const messageId = readNoteOwner(item);
  if (messageId === undefined) return;
  try {
    notes.set(messageId, toFailureNote(item));
  } catch {
    // Another version's, or one that somebody has edited: the list shows the message without a reason.
  }
}

/** What a `failure` item of the ledger says. Throws `ledger_failed` where it is malformed. */
export function toFailureNote(item: LedgerItem): FailureNote {
  const code = item.code?.S ?? '';
  if (!isJobErrorCode(code)) throw new JobError('ledger_failed', { detail: 'no_failure' });
  const failures = readNumber(item.failures);
  return {
    code,
    detail: item.detail?.S,
    hint: item.hint?.S,
    status: item.httpStatus && readNumber(item.httpStatus),
    failures,
    isFinal: readNumber(item.permanents) > 0 || failures >= readNumber(item.maxAttempts),
    firstMs: readNumber(item.firstMs),
    lastMs: readNumber(item.lastMs),
  };
}

/**
 * Who is to blame for a failed run.
 * - `session`: itself.
 * - `unconfirmed`: itself, as far as anybody knows; a verdict is not believed yet.
 * - `outage`: Crisp or our own platform, so it spends no attempt, and the breaker was asked to open.
 * - `refusal`: Crisp limits us for the moment; no attempt either.
 */
export type Blame = 'session' | 'unconfirmed' | 'outage' | 'refusal';

/** What is kept and logged of an error; its hint clipped, and with nothing invisible in it. */
export function toFailure({ code, detail, hint, status }: JobError): Failure {
  return { code, detail, hint: hint === undefined ? undefined : clipReason(hint), status };
}

/** Why a run of a message failed. */
export interface Failure {
  readonly code: JobErrorCode;
  readonly detail: string | undefined;
  /** One clipped sentence for a person; never message text. */
  readonly hint: string | undefined;
  /** HTTP status of the answer that caused it. */
  readonly status: number | undefined;
}

/** What is remembered of a message's failures: the newest one, and how many of them were the session's own. */
export interface FailureNote extends Failure {
  /** Attempts spent. Refusals, outages and deferrals spend none. */
  readonly failures: number;
  /** True once no further attempt is made: the failure was permanent, or it was the last attempt. */
  readonly isFinal: boolean;
  /** Of the first failure, epoch ms. */
  readonly firstMs: number;
  /** Of the newest failure, epoch ms. */
  readonly lastMs: number;
}
