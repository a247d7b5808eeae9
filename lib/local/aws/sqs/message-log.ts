import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SqsMessage } from '../fauxqs-internals.ts';

/** A message as it is kept on disk. */
interface LoggedMessage {
  readonly message: SqsMessage;
  readonly order: number;
  /** End of its delay. */
  readonly availableAtMs: number;
  /** Present while it is hidden on request (ChangeMessageVisibility), as opposed to merely received. */
  readonly deferral?: { readonly receiptHandle: string; readonly untilMs: number };
}

/** What SQS remembers of a message that was sent. */
export interface SentMessage {
  readonly messageId: string;
  readonly sequenceNumber?: string;
  readonly sentMs: number;
}

/** The messages of all queues, and what deduplication remembers, in one SQLite file. Each call is durable on return. */
export interface MessageLog {
  /** All or nothing. */
  transaction<Result>(work: () => Result): Result;
  add(queueName: string, logged: LoggedMessage): void;
  addSent(queueName: string, key: string, sent: SentMessage): void;
  /** Notes receives; with a deferral, also that it is hidden on request. */
  update(message: SqsMessage, deferral?: LoggedMessage['deferral']): void;
  remove(messageId: string): void;
  messages(queueName: string): readonly LoggedMessage[];
  sent(queueName: string, afterMs: number): ReadonlyMap<string, SentMessage>;
  /** Forgets a queue; with `messagesOnly`, deduplication is kept. */
  clear(queueName: string, options?: { messagesOnly?: boolean }): void;
  close(): void;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS messages (
  message_id TEXT PRIMARY KEY,
  queue TEXT NOT NULL,
  place INTEGER NOT NULL,
  message TEXT NOT NULL,
  available_ms INTEGER NOT NULL,
  receive_count INTEGER NOT NULL,
  first_receive_ms INTEGER,
  deferred_handle TEXT,
  deferred_until_ms INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS messages_by_place ON messages (queue, place);
CREATE TABLE IF NOT EXISTS sent (
  queue TEXT NOT NULL,
  key TEXT NOT NULL,
  message_id TEXT NOT NULL,
  sequence_number TEXT,
  sent_ms INTEGER NOT NULL,
  PRIMARY KEY (queue, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sent_by_time ON sent (queue, sent_ms);
`;

/**
 * Opens the log in an existing folder. A write is with the operating system when it returns, so it survives the end of the process
 * by any signal; only a power cut may undo the last ones. Throws where the file cannot be written or another process has it.
 */
export function openMessageLog(dataDir: string): MessageLog {
  const db = new DatabaseSync(join(dataDir, 'messages.db'));
  db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  db.exec(SCHEMA);
  const statements = prepare(db);
  let depth = 0;

  return {
    transaction(work) {
      if (depth > 0) return work();
      depth += 1;
      db.exec('BEGIN');
      try {
        const result = work();
        db.exec('COMMIT');
        return result;
      } catch (error) {
        db.exec('ROLLBACK');
        throw error;
      } finally {
        depth -= 1;
      }
    },
    add(queueName, { message, order, availableAtMs, deferral }) {
      statements.add.run(
        message.messageId,
        queueName,
        order,
        JSON.stringify(message),
        availableAtMs,
        message.approximateReceiveCount,
        message.approximateFirstReceiveTimestamp ?? null,
        deferral?.receiptHandle ?? null,
        deferral?.untilMs ?? null,
      );
    },
    addSent(queueName, key, { messageId, sequenceNumber, sentMs }) {
      statements.addSent.run(queueName, key, messageId, sequenceNumber ?? null, sentMs);
    },
    update(message, deferral) {
      statements.update.run(
        message.approximateReceiveCount,
        message.approximateFirstReceiveTimestamp ?? null,
        deferral?.receiptHandle ?? null,
        deferral?.untilMs ?? null,
        message.messageId,
      );
    },
    remove: (messageId) => void statements.remove.run(messageId),
    messages: (queueName) => statements.messages.all(queueName).map(toLogged),
    sent(queueName, afterMs) {
      statements.forgetSent.run(queueName, afterMs);
      return new Map(statements.sent.all(queueName).map(toSent));
    },
    clear(queueName, { messagesOnly = false } = {}) {
      statements.clearMessages.run(queueName);
      if (!messagesOnly) statements.clearSent.run(queueName);
    },
    close: () => db.close(),
  };
}

function prepare(db: DatabaseSync) {
  return {
    add: db.prepare('INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    addSent: db.prepare('INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?, ?)'),
    update: db.prepare(
      'UPDATE messages SET receive_count = ?, first_receive_ms = ?, deferred_handle = ?, deferred_until_ms = ? WHERE message_id = ?',
    ),
    remove: db.prepare('DELETE FROM messages WHERE message_id = ?'),
    messages: db.prepare('SELECT * FROM messages WHERE queue = ? ORDER BY place'),
    sent: db.prepare('SELECT * FROM sent WHERE queue = ? ORDER BY sent_ms'),
    forgetSent: db.prepare('DELETE FROM sent WHERE queue = ? AND sent_ms <= ?'),
    clearMessages: db.prepare('DELETE FROM messages WHERE queue = ?'),
    clearSent: db.prepare('DELETE FROM sent WHERE queue = ?'),
  };
}

type Row = ReturnType<ReturnType<typeof prepare>['messages']['all']>[number];

function toLogged(row: Row): LoggedMessage {
  // The column was written from a message by `add`.
  const message = JSON.parse(String(row.message)) as SqsMessage;
  message.approximateReceiveCount = Number(row.receive_count);
  if (row.first_receive_ms !== null) message.approximateFirstReceiveTimestamp = Number(row.first_receive_ms);
  return {
    message,
    order: Number(row.place),
    availableAtMs: Number(row.available_ms),
    ...(row.deferred_handle !== null && {
      deferral: { receiptHandle: String(row.deferred_handle), untilMs: Number(row.deferred_until_ms) },
    }),
  };
}

function toSent(row: Row): [string, SentMessage] {
  const sent: SentMessage = {
    messageId: String(row.message_id),
    sentMs: Number(row.sent_ms),
    ...(row.sequence_number !== null && { sequenceNumber: String(row.sequence_number) }),
  };
  return [String(row.key), sent];
}
