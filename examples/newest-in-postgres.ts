// Keeps the newest version of each conversation in PostgreSQL; here an embedded one in a folder, in yours the driver
// that you use. Messages may come twice and in any order: the upsert lets only a higher version through.
//
//   RECORDS_QUEUE_URL=… node examples/newest-in-postgres.ts ./conversations.pg
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { PGlite } from '@electric-sql/pglite';
import { isNewer, type OpenRecordOptions, openRecord, parseRecord } from 'crisp-enrich/record';

// `json` keeps the text as it came; `jsonb` refuses the NUL characters that a visitor can type.
const TABLE = `create table if not exists conversations (
  website_id text not null,
  session_id text not null,
  version bigint not null,
  state text,
  email text,
  record json, -- null: Crisp no longer has it; the version stays, so that no older message brings it back
  primary key (website_id, session_id)
)`;

const UPSERT = `insert into conversations (website_id, session_id, version, state, email, record)
values ($1, $2, $3, $4, $5, $6)
on conflict (website_id, session_id) do update set
  version = excluded.version, state = excluded.state, email = excluded.email, record = excluded.record
where conversations.version < excluded.version`;

const APPLIED = 'select version from conversations where website_id = $1 and session_id = $2';

export async function openDatabase(folder?: string): Promise<PGlite> {
  const database = await PGlite.create(folder);
  await database.exec(TABLE);
  return database;
}

/** Applies one message; once it has resolved, the message may be deleted. */
export async function applyMessage(
  database: PGlite,
  body: string | undefined,
  options?: OpenRecordOptions,
): Promise<void> {
  const message = parseRecord(body);
  const { website_id, session_id } = message;
  const { rows } = await database.query<{ version: number }>(APPLIED, [website_id, session_id]);
  // A claim check that is too late need not be read.
  if (rows[0] && !isNewer(message, { ...message, version: Number(rows[0].version) })) return;

  const opened = await openRecord(message, options);
  // The object is gone with its retention: a newer message follows, or nothing changed since.
  if (opened.outcome === 'expired') return;
  const key = [website_id, session_id, message.version];
  if (opened.outcome === 'removed') {
    await database.query(UPSERT, [...key, null, null, null]);
    return;
  }
  const { record } = opened;
  await database.query(UPSERT, [
    ...key,
    toColumn(record.state),
    toColumn(record.meta?.email),
    JSON.stringify(record),
  ]);
}

// No column of text takes a NUL.
function toColumn(text: string | null | undefined): string | null {
  return text?.replaceAll('\0', '') ?? null;
}

/** Receives up to ten messages and applies them; resolves to their number. What fails comes back by itself. */
export async function consumeSome(
  sqs: SQSClient,
  queue: ReceiveMessageCommandInput,
  apply: (body: string | undefined) => Promise<void>,
): Promise<number> {
  const receive = new ReceiveMessageCommand({ MaxNumberOfMessages: 10, WaitTimeSeconds: 20, ...queue });
  const { Messages = [] } = await sqs.send(receive);
  for (const { Body, ReceiptHandle, MessageId } of Messages) {
    try {
      await apply(Body);
      await sqs.send(new DeleteMessageCommand({ QueueUrl: queue.QueueUrl, ReceiptHandle }));
    } catch (error) {
      console.error(`message ${MessageId} stays on its queue:`, error);
    }
  }
  return Messages.length;
}

if (import.meta.main) {
  const { RECORDS_QUEUE_URL: QueueUrl } = process.env;
  const database = await openDatabase(process.argv[2]);
  const sqs = new SQSClient({});
  for (;;) await consumeSome(sqs, { QueueUrl }, (body) => applyMessage(database, body));
}
