import { createHash } from 'node:crypto';
import type {
  DeleteObjectCommandInput,
  GetObjectCommandInput,
  ListObjectsV2CommandInput,
  PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import type { Recorder } from '../recorder.ts';
import type { AwsActions } from './aws-call.ts';
import { toAwsError } from './aws-error.ts';

interface StoredObject {
  readonly text: string;
  readonly etag: string;
}

/** Buckets with the conditional writes that S3 documents. */
export function createFakeS3(recorder: Recorder): AwsActions {
  // By bucket and key.
  const objects = new Map<string, StoredObject>();

  return {
    CreateBucket: () => ({}),

    PutObject({ Bucket, Key = '', Body, IfNoneMatch, IfMatch }: PutObjectCommandInput) {
      const stored = objects.get(toPlace(Bucket, Key));
      if (IfNoneMatch === '*' && stored) throw toAwsError('PreconditionFailed', 412);
      if (IfMatch !== undefined && !stored) throw toAwsError('NoSuchKey', 404);
      if (IfMatch !== undefined && stored?.etag !== IfMatch) throw toAwsError('PreconditionFailed', 412);

      const text = String(Body);
      // Of an object that was put in one piece the ETag is the MD5 of its bytes: equal content, equal ETag.
      const etag = `"${createHash('md5').update(text).digest('hex')}"`;
      objects.set(toPlace(Bucket, Key), { text, etag });
      recorder.note({ type: 'object-put', key: Key, body: text });
      return { ETag: etag };
    },

    GetObject({ Bucket, Key }: GetObjectCommandInput) {
      const stored = objects.get(toPlace(Bucket, Key));
      if (!stored) throw toAwsError('NoSuchKey', 404);
      return { ETag: stored.etag, Body: { transformToString: async () => stored.text } };
    },

    DeleteObject({ Bucket, Key }: DeleteObjectCommandInput) {
      objects.delete(toPlace(Bucket, Key));
      return {};
    },

    ListObjectsV2({
      Bucket,
      Prefix = '',
      MaxKeys = 1000,
      ContinuationToken = '',
    }: ListObjectsV2CommandInput) {
      const start = toPlace(Bucket);
      const keys = [...objects.keys()]
        .filter((place) => place.startsWith(start + Prefix))
        .map((place) => place.slice(start.length))
        .filter((key) => key > ContinuationToken)
        .sort();
      const page = keys.slice(0, MaxKeys);
      return {
        Contents: page.map((Key) => ({ Key })),
        ...(keys.length > page.length && { NextContinuationToken: page.at(-1) }),
      };
    },
  };
}

function toPlace(bucket = '', key = ''): string {
  return `${bucket}\n${key}`;
}
