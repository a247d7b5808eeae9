import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, test } from 'vitest';
import { createS3RecordArchive } from '../../lib/adapters/s3-record-archive.ts';
import { anAwsError } from '../support/an-aws-error.ts';
import { aSession } from '../support/builders.ts';

const client = new S3Client({ region: 'us-east-1' });
const s3 = mockClient(client);
const archive = createS3RecordArchive({ client, bucket: 'archive' });
const latest = {
  kind: 'conversation.enriched',
  version: 2,
  content_hash: 'sha256:x',
  announced: true,
  updated_at: 1,
} as const;

beforeEach(() => {
  s3.reset();
});

describe('the archive in S3', () => {
  test('a put is made on condition that nothing is there, or that nobody changed it', async () => {
    s3.on(PutObjectCommand).resolves({ ETag: '"new"' });

    await archive.putRecord(aSession(), 1, '{}');
    await archive.putLatest(aSession(), latest, undefined);
    const revision = await archive.putLatest(aSession(), latest, '"seen"');

    const conditions = s3.commandCalls(PutObjectCommand).map(({ args }) => args[0].input);
    expect(conditions.map(({ IfNoneMatch, IfMatch }) => [IfNoneMatch, IfMatch])).toEqual([
      ['*', undefined],
      ['*', undefined],
      [undefined, '"seen"'],
    ]);
    expect(revision).toBe('"new"');
  });

  test.each([
    ['PreconditionFailed', 412],
    ['ConditionalRequestConflict', 409],
    ['NoSuchKey', 404],
  ])('%s on a put is a lost race', async (name, status) => {
    s3.on(PutObjectCommand).rejects(anAwsError(name, status));
    s3.on(GetObjectCommand).rejects(anAwsError('NoSuchKey', 404));

    const put = archive.putLatest(aSession(), latest, '"seen"');

    await expect(put).rejects.toMatchObject({ code: 'record_superseded', disposition: 'transient' });
  });

  test.each([
    ['AccessDenied', 403, 'downstream_denied:access_denied'],
    ['KMS.DisabledException', 400, 'downstream_denied:kms_disabled'],
    ['NoSuchBucket', 404, 'archive_failed:no_such_bucket'],
    ['SlowDown', 503, 'archive_failed:slow_down'],
    ['TimeoutError', 0, 'archive_failed:timeout_error'],
  ])('%s on a put is a failure of the archive, told by its code alone', async (name, status, reason) => {
    s3.on(PutObjectCommand).rejects(anAwsError(name, status));

    const put = archive.putRecord(aSession(), 1, '{"text":"canary-body"}');

    await expect(put).rejects.toMatchObject({ reason, status });
    await expect(put).rejects.not.toThrow(/canary/);
  });

  test('a missing permission is named: to write, and to read', async () => {
    s3.on(PutObjectCommand).rejects(anAwsError('AccessDenied', 403));
    s3.on(GetObjectCommand).rejects(anAwsError('AccessDenied', 403));

    const put = archive.putRecord(aSession(), 1, '{}');
    const get = archive.getLatest(aSession());

    await expect(put).rejects.toMatchObject({ hint: expect.stringContaining('s3:PutObject') });
    await expect(get).rejects.toMatchObject({ hint: expect.stringContaining('s3:ListBucket') });
  });

  test('credentials that expired are no missing permission', async () => {
    s3.on(GetObjectCommand).rejects(anAwsError('ExpiredToken', 400));

    const get = archive.getLatest(aSession());

    await expect(get).rejects.toMatchObject({ reason: 'archive_failed:expired_token', hint: undefined });
  });

  test('an answer without an ETag cannot be relied on', async () => {
    s3.on(PutObjectCommand).resolves({});

    await expect(archive.putLatest(aSession(), latest, undefined)).rejects.toMatchObject({
      reason: 'archive_failed:no_etag',
    });
  });
});
