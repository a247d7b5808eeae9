import { JobError } from '../errors/job-error.ts';
import { parseSessionId, parseWebsiteId, type SessionId, type WebsiteId } from '../ids.ts';
import { isJsonObject } from '../is-json-object.ts';
import { toShape } from '../text/to-shape.ts';
import { type CoalesceWindow, MAX_COALESCE_SECONDS } from './coalesce.ts';
import { JOB_VERSION } from './encode-job.ts';
import { findEnvelope } from './find-envelope.ts';
import type { SessionJob } from './session-job.ts';

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
