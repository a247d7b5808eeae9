import { type CoalesceWindow, MAX_COALESCE_SECONDS } from '../config/config.ts';
import { JobError } from '../errors.ts';
import {
  type FetchMode,
  parseSessionId,
  parseWebsiteId,
  type SessionId,
  type SessionRef,
  type WebsiteId,
} from '../ids.ts';
import { isJsonObject, toShape } from '../text.ts';

/** What a queue message asks for: ids only, never content. */
export interface SessionJob extends SessionRef {
  readonly mode: FetchMode;
  /** Start of the coalescing bucket, epoch ms; absent in another producer's message, which is due now. */
  readonly bucketMs?: number;
  /** Earliest moment at which the fetch may start, epoch ms; absent: due now. */
  readonly notBeforeMs?: number;
}

export interface DecodedJob {
  readonly job: SessionJob;
  /**
   * Present where the message asked for a later moment than a true clock could have: by how many ms. 0 where the moment
   * was unreadable.
   */
  readonly clockSuspectMs?: number;
}

export interface DecodeJobOptions {
  readonly coalesce: CoalesceWindow;
  /** The website of a message that names none; undefined while there are several. */
  readonly onlyWebsiteId?: WebsiteId | undefined;
  /** When SQS received the message, by its own clock, epoch ms. */
  readonly sentMs?: number | undefined;
  /** By which SQS drops the message's twins. */
  readonly deduplicationId?: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the body of a queue message. Any text gives a job or a `JobError`, nothing else; fields that it does not know
 * are ignored. A message without mode or bucket is another producer's: fetched in full, and due now.
 */
export function decodeJob(body: string, options: DecodeJobOptions): DecodedJob {
  const fields = parseFields(body);
  refuseEnvelope(fields);
  refuseOtherVersion(fields, body);
  const session = {
    sessionId: readSessionId(fields),
    websiteId: readWebsiteId(fields, options.onlyWebsiteId),
  };

  const { mode, bucketMs } = fields;
  if ((mode !== 'incremental' && mode !== 'full') || !isMoment(bucketMs)) {
    return { job: { ...session, mode: 'full' } };
  }
  const { notBeforeMs, clockSuspectMs } = readNotBefore(fields.notBeforeMs, bucketMs, options);
  const job: SessionJob = { ...session, mode, bucketMs, notBeforeMs };
  return clockSuspectMs === undefined ? { job } : { job, clockSuspectMs };
}

/** The website of a message that names none: the only one there is; undefined where there are several, or all. */
export function findOnlyWebsite(websiteIds: readonly WebsiteId[]): WebsiteId | undefined {
  return websiteIds.length === 1 ? websiteIds[0] : undefined;
}

/** The session that a body names, whatever else is wrong with it. */
export function findSessionId(body: string): SessionId | undefined {
  try {
    return readSessionId(parseFields(body));
  } catch (error) {
    if (error instanceof JobError) return undefined;
    throw error;
  }
}

function parseFields(body: string): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    // The parser's own message quotes the text, which may be anything: it stays out of the error.
    throw toMalformed('not JSON', body);
  }
  if (!isJsonObject(parsed)) throw toMalformed('not a JSON object', body);
  return parsed;
}

function toMalformed(problem: string, body: string): JobError {
  return new JobError('malformed_message', {
    hint: `${problem}: ${body.length} characters that look like "${toShape(body)}"`,
  });
}

function refuseEnvelope(fields: Fields): void {
  const envelope = findEnvelope(fields);
  if (envelope) {
    throw new JobError('unexpected_envelope', { detail: envelope.source, hint: envelope.hint });
  }
}

function refuseOtherVersion({ v }: Fields, body: string): void {
  if (v === undefined || v === JOB_VERSION) return;
  if (!Number.isSafeInteger(v) || Number(v) < JOB_VERSION) throw toMalformed('v is no version of ours', body);
  throw new JobError('unsupported_version', { hint: 'upgrade the consumer or redrive later' });
}

function readSessionId(fields: Fields): SessionId {
  const value = fields.sessionId ?? fields.session_id;
  if (value === undefined || value === null) throw new JobError('missing_field', { detail: 'sessionId' });
  const sessionId = parseSessionId(value);
  if (sessionId === undefined) throw new JobError('session_id_invalid');
  return sessionId;
}

function readWebsiteId(fields: Fields, onlyWebsiteId: WebsiteId | undefined): WebsiteId {
  const value = fields.websiteId ?? fields.website_id ?? onlyWebsiteId;
  if (value === undefined) {
    throw new JobError('website_id_required', {
      hint: 'name the website, or list exactly one in CRISP_WEBSITE_IDS',
    });
  }
  const websiteId = parseWebsiteId(value);
  if (websiteId === undefined) throw new JobError('website_id_invalid');
  return websiteId;
}

/**
 * A message is kept waiting for the configured bucket and margin at most: what asks for more is another producer's, or
 * comes from a clock that runs ahead, and would keep back its session's own hooks. Only where SQS drops the twins of a
 * longer bucket, because the buckets have been made shorter since it was sent, is that waited for: a fetch before its end
 * would leave out the events that were dropped.
 */
function readNotBefore(value: unknown, bucketMs: number, options: DecodeJobOptions) {
  const { coalesce, sentMs, deduplicationId } = options;
  const startMs = Math.min(bucketMs, sentMs ?? bucketMs);
  const bucketSeconds = Math.max(coalesce.coalesceSeconds, toBucketSeconds(deduplicationId, bucketMs));
  const windowMs = (bucketSeconds + coalesce.marginSeconds) * 1000;
  if (value !== undefined && !isMoment(value)) return { notBeforeMs: startMs + windowMs, clockSuspectMs: 0 };

  const askedMs = value ?? bucketMs + windowMs;
  return askedMs > startMs + windowMs
    ? { notBeforeMs: startMs + windowMs, clockSuspectMs: askedMs - (startMs + windowMs) }
    : { notBeforeMs: askedMs };
}

/** Of the bucket that a deduplication id of ours names (see `toCoalescedJob`); 0 for any other id. */
function toBucketSeconds(deduplicationId = '', bucketMs: number): number {
  const [, seconds, bucket] = /^(\d{1,3}):(\d+):/.exec(deduplicationId) ?? [];
  return Number(bucket) === bucketMs ? Math.min(Number(seconds), MAX_COALESCE_SECONDS) : 0;
}

function isMoment(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** Version of the queue message; a consumer refuses one that it does not know. */
const JOB_VERSION = 1;

/** The body of a queue message: ids, a mode and two moments, never content. The inverse of `decodeJob`. */
export function encodeJob({ websiteId, sessionId, mode, bucketMs, notBeforeMs }: SessionJob): string {
  return JSON.stringify({ v: JOB_VERSION, websiteId, sessionId, mode, bucketMs, notBeforeMs });
}

/** A wrapping in which somebody else delivers: another AWS service, or Crisp itself. */
interface Envelope {
  readonly source: 'sns' | 's3' | 'eventbridge' | 'crisp_hook';
  /** What to change so that it no longer arrives. */
  readonly hint: string;
}

/** Recognises a message of SNS, S3 or EventBridge, or a web hook of Crisp's, by the fields that each always has. */
function findEnvelope(fields: Readonly<Record<string, unknown>>): Envelope | undefined {
  if (typeof fields.Type === 'string' && typeof fields.TopicArn === 'string') {
    return { source: 'sns', hint: 'an SNS topic delivers to this queue: switch raw message delivery on' };
  }
  if (fields.Event === 's3:TestEvent' || isS3Notification(fields.Records)) {
    return { source: 's3', hint: "a bucket's event notifications point at this queue: remove them" };
  }
  if (typeof fields['detail-type'] === 'string' && typeof fields.source === 'string') {
    return {
      source: 'eventbridge',
      hint: 'an EventBridge rule targets this queue: give it an input transformer, or remove it',
    };
  }
  if (isCrispHook(fields)) {
    return {
      source: 'crisp_hook',
      hint: 'this is a web hook of Crisp, unverified: send hooks to the webhook, which puts session ids onto this queue',
    };
  }
  return undefined;
}

// Its session is within its data. A producer that names the session itself may send what else it likes.
function isCrispHook({
  event,
  sessionId,
  session_id,
  ...fields
}: Readonly<Record<string, unknown>>): boolean {
  return (
    typeof event === 'string' && Object.hasOwn(fields, 'data') && sessionId == null && session_id == null
  );
}

function isS3Notification(records: unknown): boolean {
  if (!Array.isArray(records)) return false;
  const first: unknown = records[0];
  return (
    typeof first === 'object' && first !== null && 'eventSource' in first && first.eventSource === 'aws:s3'
  );
}

/** SQS sends it as a text of twenty digits, more than a number of JavaScript's holds. */
export function toSequenceNumber(text: unknown): bigint | undefined {
  return typeof text === 'string' && /^\d{1,38}$/.test(text) ? BigInt(text) : undefined;
}

/** A message of the sessions queue as the consumer received it: still unread, so the body is any text. */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** How often SQS has handed it out, this time included; 1-based. */
  readonly receiveCount: number;
  /** When it was sent by SQS's own clock, epoch ms; undefined where the attribute is missing. */
  readonly sentMs: number | undefined;
  /** Of its place among its session's messages: greater is later; undefined where the attribute is missing. */
  readonly sequenceNumber?: bigint | undefined;
  /** By which SQS drops its twins; undefined where the attribute is missing. */
  readonly deduplicationId?: string | undefined;
}
