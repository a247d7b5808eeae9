import { createHash } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { JobError } from '../core/errors/job-error.ts';
import { toArchiveKey } from '../core/record/archive-key.ts';
import { escapeBody } from '../core/record/escape-body.ts';
import { decodeLatest } from '../core/record/latest.ts';
import type { RecordArchive } from '../ports/record-archive.ts';
import { toAwsFailure } from './aws-failure.ts';

export interface S3RecordArchiveDeps {
  /** With time limits of its own: a call that hangs would hold the whole batch. */
  readonly client: S3Client;
  readonly bucket: string;
}

/** The archive in an S3 bucket. It rests on S3's conditional writes, `If-None-Match: *` and `If-Match`. */
export function createS3RecordArchive({ client, bucket }: S3RecordArchiveDeps): RecordArchive {
  return {
    async putRecord(session, version, body) {
      const key = toArchiveKey(session, version);
      await put(key, body, ABSENT);
      return { bucket, key, bytes: Buffer.byteLength(body), sha256: sha256(body) };
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

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
