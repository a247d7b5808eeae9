import { BatchGetItemCommand } from '@aws-sdk/client-dynamodb';
import { JobError } from '../../core/errors/job-error.ts';
import type { FailureNote } from '../../core/retry/failure-note.ts';
import type { Clock } from '../../ports/clock.ts';
import type { FailureNotes } from '../../ports/message-notes.ts';
import { toFailureNote } from './failure-item.ts';
import { type LedgerItem, type LedgerTableDeps, toItemKey, toLedgerFailure } from './ledger-table.ts';
import { readNoteOwner, toNoteKey } from './note-key.ts';

export interface DynamoFailureNotesDeps extends LedgerTableDeps {
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
