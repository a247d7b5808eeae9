import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import type { Behaviour, ConformanceTarget } from './behaviour.ts';

const MIB = 1024 * 1024;

export const s3Behaviours: readonly Behaviour[] = [
  {
    title: 'an object comes back byte for byte, with its ETag; an absent one is NoSuchKey',
    async run(target) {
      const bucket = await makeBucket(target);

      const { ETag } = await bucket.put('records/a b/ü.json', '{"é":"😀"}');
      const found = await bucket.get('records/a b/ü.json');

      expect(found).toEqual({ text: '{"é":"😀"}', etag: ETag });
      await expect(bucket.get('records/none')).rejects.toThrow(
        expect.objectContaining({ name: 'NoSuchKey' }),
      );
    },
  },
  {
    title: 'If-None-Match * writes an object that is absent and refuses one that exists',
    async run(target) {
      const bucket = await makeBucket(target);

      await bucket.put('k', 'one', { IfNoneMatch: '*' });
      const second = bucket.put('k', 'two', { IfNoneMatch: '*' });

      await expect(second).rejects.toThrow(expect.objectContaining({ name: 'PreconditionFailed' }));
      expect((await bucket.get('k')).text).toBe('one');
    },
  },
  {
    title: 'of two writers with If-None-Match * at once, exactly one succeeds',
    async run(target) {
      const bucket = await makeBucket(target);

      const results = await Promise.allSettled(
        ['one', 'two'].map((text) => bucket.put('k', text, { IfNoneMatch: '*' })),
      );

      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    },
  },
  {
    title: 'If-Match replaces the version that it names and refuses any other',
    async run(target) {
      const bucket = await makeBucket(target);
      const { ETag: first } = await bucket.put('k', 'one');

      await bucket.put('k', 'two', { IfMatch: first });
      const stale = bucket.put('k', 'three', { IfMatch: first });

      await expect(stale).rejects.toThrow(expect.objectContaining({ name: 'PreconditionFailed' }));
      expect((await bucket.get('k')).text).toBe('two');
    },
  },
  {
    title: 'If-Match for an absent object is 404',
    async run(target) {
      const bucket = await makeBucket(target);

      const put = bucket.put('k', 'x', { IfMatch: '"00000000000000000000000000000000"' });

      await expect(put).rejects.toThrow(
        expect.objectContaining({ $metadata: expect.objectContaining({ httpStatusCode: 404 }) }),
      );
    },
  },
  {
    title: 'a list is in the order of keys, of one prefix, and is read on page by page',
    async run(target) {
      const bucket = await makeBucket(target);
      for (const key of ['a/2', 'a/1', 'b/1', 'a/10']) await bucket.put(key, key);

      const one = await bucket.list({ Prefix: 'a/', MaxKeys: 2 });
      const two = await bucket.list({
        Prefix: 'a/',
        MaxKeys: 2,
        ContinuationToken: one.NextContinuationToken,
      });

      expect([one, two].map(({ Contents = [] }) => Contents.map(({ Key }) => Key))).toEqual([
        ['a/1', 'a/10'],
        ['a/2'],
      ]);
    },
  },
  {
    title: 'an absent object may be deleted',
    async run(target) {
      const bucket = await makeBucket(target);

      await expect(bucket.delete('never')).resolves.toBeDefined();
    },
  },
  {
    title: 'an object of 20 MiB is stored in one put',
    async run(target) {
      const bucket = await makeBucket(target);

      await bucket.put('large', 'x'.repeat(20 * MIB));

      expect((await bucket.get('large')).text).toHaveLength(20 * MIB);
    },
  },
];

async function makeBucket({ s3, name, onEnd }: ConformanceTarget) {
  const Bucket = name('bucket');
  await s3.send(new CreateBucketCommand({ Bucket }));
  onEnd(async () => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    await s3.send(new DeleteBucketCommand({ Bucket }));
  });

  return {
    put: (Key: string, Body: string, conditions: Partial<PutObjectCommandInput> = {}) =>
      s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'application/json', ...conditions })),
    async get(Key: string) {
      const { Body, ETag } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return { text: await Body?.transformToString(), etag: ETag };
    },
    list: (options: { Prefix: string; MaxKeys: number; ContinuationToken?: string | undefined }) =>
      s3.send(new ListObjectsV2Command({ Bucket, ...options })),
    delete: (Key: string) => s3.send(new DeleteObjectCommand({ Bucket, Key })),
  };
}
