import { createHash } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod/mini';
import { toAwsFailure } from '../aws/failures.ts';
import { JobError } from '../errors.ts';
import { parsePeopleId, parseSessionId, parseWebsiteId, type SessionRef } from '../ids.ts';
import { contentHash } from './content-hash.ts';
import type { EnrichedRecord, RemovedRecord } from './schema.ts';
import { type ArchivedRecord, escapeBody } from './topic.ts';

/** Names one state of a session's `latest`: whoever replaces it must have seen it. */
export type LatestRevision = string;

export interface StoredLatest {
  readonly latest: Latest;
  readonly revision: LatestRevision;
}

/**
 * The truth about what was announced: every version of every record, and which of them is the newest. Every method
 * throws `JobError` alone: `archive_failed`, `downstream_denied`, or the code of an id that is none.
 */
export interface RecordArchive {
  /**
   * Keeps the JSON text of a version for good. The same text again is fine; another one for that version is refused
   * with `record_superseded`, because an archived version never changes.
   */
  putRecord(session: SessionRef, version: number, body: string): Promise<ArchivedRecord>;
  /** The text as it was put; undefined where there is no such version. */
  getRecord(session: SessionRef, version: number): Promise<string | undefined>;
  /** Undefined for a session that was never archived. */
  getLatest(session: SessionRef): Promise<StoredLatest | undefined>;
  /**
   * Replaces what `replaces` names; undefined: there must be none yet. Throws `record_superseded` when another run was
   * faster, and changes nothing then.
   */
  putLatest(
    session: SessionRef,
    latest: Latest,
    replaces: LatestRevision | undefined,
  ): Promise<LatestRevision>;
}

interface S3RecordArchiveDeps {
  /** With time limits of its own: a call that hangs would hold the whole batch. */
  readonly client: S3Client;
  readonly bucket: string;
}

/** The archive in an S3 bucket. It rests on S3's conditional writes, `If-None-Match: *` and `If-Match`. */
export function createS3RecordArchive({ client, bucket }: S3RecordArchiveDeps): RecordArchive {
  return {
    async putRecord(session, version, body) {
      const archived = toArchived(session, version, { bucket, body });
      await put(archived.key, body, ABSENT);
      return archived;
    },

    async getRecord(session, version) {
      return (await get(toArchiveKey(session, version)))?.text;
    },

    async getLatest(session) {
      const stored = await get(toArchiveKey(session, 'latest'));
      if (!stored) return undefined;
      const latest = decodeLatest(stored.text);
      if (!latest) throw new JobError('archive_failed', { detail: 'latest_malformed' });
      return { latest, revision: stored.etag };
    },

    async putLatest(session, latest, replaces) {
      const condition = replaces === undefined ? ABSENT : { IfMatch: replaces };
      return await put(toArchiveKey(session, 'latest'), escapeBody(latest), condition);
    },
  };

  async function put(key: string, text: string, condition: PutCondition): Promise<string> {
    try {
      const object = { Bucket: bucket, Key: key, Body: text, ContentType: 'application/json' };
      return toEtag(await client.send(new PutObjectCommand({ ...object, ...condition })));
    } catch (thrown) {
      if (!LOST_RACE.has(toAwsFailure(thrown).code)) throw toArchiveError(thrown, 's3:PutObject');
      // The SDK repeats a put whose answer was lost, and then loses the race against itself.
      const stored = await get(key);
      if (stored?.text !== text) throw new JobError('record_superseded', { cause: thrown });
      return stored.etag;
    }
  }

  async function get(key: string): Promise<{ text: string; etag: string } | undefined> {
    try {
      const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return { text: (await object.Body?.transformToString()) ?? '', etag: toEtag(object) };
    } catch (thrown) {
      if (toAwsFailure(thrown).code === 'no_such_key') return undefined;
      throw toArchiveError(thrown, 's3:GetObject');
    }
  }
}

/** What `latest` says, for those who go on where it is damaged. Throws as `getLatest` does else. */
export async function readLatest(
  archive: Pick<RecordArchive, 'getLatest'>,
  session: SessionRef,
): Promise<Latest | 'unreadable' | undefined> {
  try {
    return (await archive.getLatest(session))?.latest;
  } catch (thrown) {
    if (thrown instanceof JobError && thrown.detail === 'latest_malformed') return 'unreadable';
    throw thrown;
  }
}

type PutCondition = { readonly IfNoneMatch: '*' } | { readonly IfMatch: string };

const ABSENT = { IfNoneMatch: '*' } as const;

// 412, 409 for two writers at once, and 404 where what was to be replaced is gone.
const LOST_RACE = new Set(['precondition_failed', 'conditional_request_conflict', 'no_such_key']);

const HINTS = {
  's3:PutObject': "allow s3:PutObject on the archive's objects, and the use of its KMS key where it has one",
  's3:GetObject':
    "allow s3:GetObject on the archive's objects and s3:ListBucket on the bucket, or S3 denies objects that do not exist",
};

function toArchiveError(thrown: unknown, action: keyof typeof HINTS): JobError {
  if (thrown instanceof JobError) return thrown;
  const { code, status, isDenied } = toAwsFailure(thrown);
  return new JobError(isDenied ? 'downstream_denied' : 'archive_failed', {
    detail: code,
    cause: thrown,
    ...(status !== undefined && { status }),
    ...(isDenied && { hint: HINTS[action] }),
  });
}

function toEtag({ ETag }: { readonly ETag?: string | undefined }): string {
  if (!ETag) throw new JobError('archive_failed', { detail: 'no_etag' });
  return ETag;
}

/** How a record lies in the archive, by its own text. */
export function toArchived(
  session: SessionRef,
  version: number,
  { bucket, body }: { readonly bucket: string; readonly body: string },
): ArchivedRecord {
  return {
    bucket,
    key: toArchiveKey(session, version),
    bytes: Buffer.byteLength(body),
    sha256: sha256(body),
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Where the archive keeps something of a session: `records/{websiteId}/{sessionId}/{version}.json`, or
 * `latest/{websiteId}/{sessionId}.json`. The ids are checked again here: nothing may leave its place in the key.
 * Throws `website_id_invalid`, `session_id_invalid`, or a RangeError for a version that is no positive integer.
 */
export function toArchiveKey(session: SessionRef, version: number | 'latest'): string {
  const place = toPlace(session);
  if (version === 'latest') return `latest/${place}.json`;
  if (!Number.isSafeInteger(version) || version <= 0) throw new RangeError('not the version of a record');
  return `${toRecordsPrefix(session)}${version}.json`;
}

/** Where all records of a session are, and of no other. Throws as `toArchiveKey` does. */
export function toRecordsPrefix(session: SessionRef): string {
  return `records/${toPlace(session)}/`;
}

function toPlace(session: SessionRef): string {
  const websiteId = parseWebsiteId(session.websiteId);
  if (!websiteId) throw new JobError('website_id_invalid');
  const sessionId = parseSessionId(session.sessionId);
  if (!sessionId) throw new JobError('session_id_invalid');
  return `${websiteId}/${sessionId}`;
}

/** What `latest` says of a record, and of the fetches that led to it. A removed one still names its person. */
export function toLatest(
  record: EnrichedRecord | RemovedRecord,
  {
    announced,
    people_id,
    ...starts
  }: FetchStarts & Pick<Latest, 'people_id'> & { readonly announced: boolean },
): Latest {
  const person = record.kind === 'conversation.enriched' ? parsePeopleId(record.people_id) : people_id;
  return {
    kind: record.kind,
    version: record.version,
    content_hash: record.kind === 'conversation.enriched' ? record.content_hash : contentHash(record),
    announced,
    updated_at: typeof record.updated_at === 'number' ? record.updated_at : null,
    ...(record.kind === 'conversation.enriched' && { absorbed: record.enrichment.absorbed }),
    ...(person !== undefined && { people_id: person }),
    ...starts,
  };
}

const latestSchema = z.object({
  kind: z.enum(['conversation.enriched', 'conversation.removed']),
  version: z.int().check(z.positive()),
  content_hash: z.string(),
  /** True only once the topic has taken a notice of this version. */
  announced: z.boolean(),
  /** Crisp's own, epoch ms, as of the last fetch: what a list of conversations is held against. */
  updated_at: z.nullable(z.number()),
  /**
   * When the newest fetch began that was announced or found nothing new, and the newest full one, epoch ms: what happened
   * before is in the record. Absent where none is known.
   */
  started_ms: z.optional(z.number()),
  full_started_ms: z.optional(z.number()),
  /** Of the profile that the conversation belongs to, by which the ledger's index of people can be made anew. */
  people_id: z.optional(z.string()),
  /** As the record's own: a total over all versions. */
  absorbed: z.optional(z.number()),
});

/** What the archive says about a session's newest record: the one truth about what was announced. */
export type Latest = z.infer<typeof latestSchema>;

export type FetchStarts = Pick<Latest, 'started_ms' | 'full_started_ms'>;

/** Returns undefined where the text is no JSON of that shape. */
export function decodeLatest(text: string): Latest | undefined {
  try {
    return latestSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
