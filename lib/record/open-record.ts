import { createHash } from 'node:crypto';
import { isJsonObject } from '../text.ts';
import {
  type ClaimCheck,
  type EnrichedRecord,
  enrichedRecordSchema,
  type RemovedRecord,
  recordSchema,
} from './schema.ts';

/** What a message of a records queue may hold. */
export type RecordMessage = EnrichedRecord | ClaimCheck | RemovedRecord;

/** `expired`: the object behind a claim check is gone, as its retention is over; a newer message may still come. */
export type OpenedRecord =
  | { readonly outcome: 'enriched'; readonly record: EnrichedRecord }
  | { readonly outcome: 'removed'; readonly record: RemovedRecord }
  | { readonly outcome: 'expired'; readonly record: ClaimCheck };

export interface OpenRecordOptions {
  /** Reads an object of the archive; without it, S3 is asked with the environment's region and credentials. */
  readonly getObject?: GetArchivedObject;
}

/** Resolves to the object's bytes or text, and to undefined where there is no such object. */
export type GetArchivedObject = (object: {
  readonly bucket: string;
  readonly key: string;
}) => Promise<Uint8Array | string | undefined>;

/**
 * Opens what `parseRecord` gave, or the body of a message: a record that travels as a claim check is read from the
 * archive and verified. Throws `RecordError`, and what `getObject` throws: then leave the message on its queue.
 */
export async function openRecord(
  message: RecordMessage | string | undefined,
  { getObject = getS3Object }: OpenRecordOptions = {},
): Promise<OpenedRecord> {
  const record = isJsonObject(message) ? message : parseRecord(message);
  if (record.kind === 'conversation.removed') return { outcome: 'removed', record };
  if (!record.claim_check) return { outcome: 'enriched', record };

  const { bucket, key } = record.claim_check;
  const object = await getObject({ bucket, key });
  if (object === undefined) return { outcome: 'expired', record };
  return { outcome: 'enriched', record: expectClaimed(Buffer.from(object), record) };
}

/**
 * The record in the body of an SQS message, whether the topic delivers raw or in its envelope. Throws `RecordError`
 * `not_a_record`.
 */
export function parseRecord(body: string | undefined): RecordMessage {
  const value = parseJson(body);
  // The content of an envelope: `schema` is a field of ours, and no field of it.
  const isEnvelope = isJsonObject(value) && value.Type === 'Notification' && value.schema === undefined;
  return expectSchema(isEnvelope ? parseJson(value.Message) : value, recordSchema) as RecordMessage;
}

/** What names a version of a conversation: any record, or a row of a database. */
export interface RecordVersion {
  readonly website_id: string;
  readonly session_id: string;
  readonly version: number;
}

/**
 * True where `record` has a higher version than `applied`, or nothing was applied yet. Throws a `TypeError` for two
 * conversations: their versions have nothing to do with each other.
 */
export function isNewer(record: RecordVersion, applied: RecordVersion | null | undefined): boolean {
  if (!applied) return true;
  if (record.website_id !== applied.website_id || record.session_id !== applied.session_id)
    throw new TypeError('versions of two conversations cannot be compared');
  return record.version > applied.version;
}

/**
 * - `not_a_record`: no JSON, or not what the schema of version 1 promises.
 * - `claim_check_mismatch`: the archived object is not the one that the claim check names.
 */
export type RecordErrorCode = 'not_a_record' | 'claim_check_mismatch';

/** Its message names what is wrong, and never holds a value of the record. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
  readonly code: RecordErrorCode;

  constructor(code: RecordErrorCode, reason: string) {
    super(`${code}: ${reason}`);
    this.code = code;
  }
}

function parseJson(text: unknown): unknown {
  if (typeof text !== 'string') throw new RecordError('not_a_record', 'there is no text');
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw new RecordError('not_a_record', 'the text is not JSON');
  }
}

type Schema = typeof recordSchema | typeof enrichedRecordSchema;

/** The value itself, not the parser's copy: that one would lack a custom field called `__proto__`. */
function expectSchema(value: unknown, schema: Schema): unknown {
  const issue = schema.safeParse(value).error?.issues[0];
  if (!issue) return value;
  const at = issue.path.length > 0 ? issue.path.join('.') : 'the top level';
  throw new RecordError('not_a_record', `${issue.code} at ${at}`);
}

const SAME = ['website_id', 'session_id', 'version', 'content_hash'] as const;

function expectClaimed(bytes: Buffer, { claim_check, ...claimed }: ClaimCheck): EnrichedRecord {
  const mismatch = (reason: string) => new RecordError('claim_check_mismatch', reason);
  if (bytes.length !== claim_check.bytes)
    throw mismatch(`${bytes.length} bytes instead of ${claim_check.bytes}`);
  if (createHash('sha256').update(bytes).digest('hex') !== claim_check.sha256) throw mismatch('sha256');

  const record = expectSchema(parseJson(bytes.toString()), enrichedRecordSchema) as EnrichedRecord;
  const other = SAME.find((name) => record[name] !== claimed[name]);
  if (other !== undefined) throw mismatch(other);
  return record;
}

let s3: ReturnType<typeof connectS3> | undefined;

// Loaded by the first claim check: most consumers never meet one.
async function getS3Object({ bucket, key }: Parameters<GetArchivedObject>[0]) {
  s3 ??= connectS3();
  const { client, GetObjectCommand } = await s3;
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return await Body?.transformToByteArray();
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'NoSuchKey') return undefined;
    throw thrown;
  }
}

async function connectS3() {
  const { GetObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
  const requestHandler = { connectionTimeout: 3_000, requestTimeout: 20_000, throwOnRequestTimeout: true };
  return { client: new S3Client({ forcePathStyle: true, requestHandler }), GetObjectCommand };
}

export {
  type ClaimCheck,
  claimCheckSchema,
  type EnrichedRecord,
  enrichedRecordSchema,
  RECORD_SCHEMA_ID,
  type RemovedRecord,
  recordSchema,
  removedRecordSchema,
  VOLATILE_FIELDS,
} from './schema.ts';
