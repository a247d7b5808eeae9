import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { SessionRef } from '../../lib/ids.ts';
import { createS3RecordArchive, decodeLatest, toArchiveKey } from '../../lib/record/archive.ts';
import { withRecentRecords } from '../../lib/record/earlier.ts';
import { anAwsError } from '../support/aws.ts';
import { aSession, WEBSITE_ID } from '../support/builders.ts';
import { createMemoryRecordArchive } from '../support/memory.ts';

describe('s3 record archive', () => {
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
      const expected = [
        ['*', undefined],
        ['*', undefined],
        [undefined, '"seen"'],
      ];
      expect(conditions.map(({ IfNoneMatch, IfMatch }) => [IfNoneMatch, IfMatch])).toEqual(expected);
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
});

describe('an archive key', () => {
  function anyId(stem: string) {
    return fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((text) => stem + text),
      fc.constantFrom('..', '%2e%2e', `${stem}/../x`, `${stem}\n`, `${stem}a`, stem.toUpperCase(), stem),
    );
  }

  function keyOrCode(session: SessionRef): string {
    try {
      return toArchiveKey(session, 'latest');
    } catch (thrown) {
      return String(Reflect.get(Object(thrown), 'code'));
    }
  }

  test('names the version of a record, or the latest one', () => {
    expect(toArchiveKey(aSession(), 17)).toBe(`records/${WEBSITE_ID}/session_a/17.json`);
    expect(toArchiveKey(aSession(), 'latest')).toBe(`latest/${WEBSITE_ID}/session_a.json`);
  });

  test('is built of nothing but checked ids', () => {
    fc.assert(
      fc.property(anyId('session_'), anyId(WEBSITE_ID), (sessionId, websiteId) => {
        // A session that got past the types, as one parsed without a check would.
        const session = { sessionId, websiteId } as SessionRef;

        expect(keyOrCode(session)).toMatch(
          /^(latest\/[0-9a-f-]{36}\/session_[0-9A-Za-z_-]{1,64}\.json|(session|website)_id_invalid)$/,
        );
      }),
    );
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    'is refused for the version %s',
    (version) => expect(() => toArchiveKey(aSession(), version)).toThrow(RangeError),
  );
});

describe('latest', () => {
  const LATEST = {
    kind: 'conversation.enriched',
    version: 3,
    content_hash: 'sha256:x',
    announced: false,
    updated_at: null,
  };

  test('latest is read back as it was written', () => {
    expect(decodeLatest(JSON.stringify(LATEST))).toEqual(LATEST);
  });

  test.each([
    ['no JSON', '{'],
    ['no object', 'null'],
    ['without version', JSON.stringify({ ...LATEST, version: undefined })],
    ['with an announcement that is neither made nor not', JSON.stringify({ ...LATEST, announced: 'yes' })],
  ])('latest that is %s is none', (_, text) => expect(decodeLatest(text)).toBeUndefined());
});

describe('recent records', () => {
  const [a, b] = [aSession('session_a'), aSession('session_b')];

  /** Counts what is read from behind it. */
  function anArchive(maxBytes: number) {
    const memory = createMemoryRecordArchive();
    const read: string[] = [];
    const getRecord: typeof memory.getRecord = (session, version) => {
      read.push(`${session.sessionId} ${version}`);
      return memory.getRecord(session, version);
    };
    return { read, archive: withRecentRecords({ ...memory, getRecord }, maxBytes) };
  }

  test('the newest version that was put is known, and any other is read', async () => {
    const { archive, read } = anArchive(100);
    await archive.putRecord(a, 1, 'first');
    await archive.putRecord(a, 2, 'second');

    expect(await archive.getRecord(a, 2)).toBe('second');
    expect(await archive.getRecord(a, 1)).toBe('first');
    expect(await archive.getRecord(a, 3)).toBeUndefined();
    expect(read).toEqual(['session_a 1', 'session_a 3']);
  });

  test('what was put longest ago makes room, and what is larger than all room is not kept', async () => {
    const { archive, read } = anArchive(10);
    await archive.putRecord(a, 1, '123456');
    await archive.putRecord(b, 1, '123456');
    await archive.putRecord(a, 2, 'x'.repeat(11));

    expect(await archive.getRecord(b, 1)).toBe('123456');
    expect(await archive.getRecord(a, 1)).toBe('123456');
    expect(await archive.getRecord(a, 2)).toBe('x'.repeat(11));
    expect(read).toEqual(['session_a 1', 'session_a 2']);
  });

  test('a version that could not be put is not known', async () => {
    const { archive, read } = anArchive(100);
    await archive.putRecord(a, 1, 'mine');
    await expect(archive.putRecord(a, 1, 'another')).rejects.toThrow('record_superseded');

    expect(await archive.getRecord(a, 1)).toBe('mine');
    expect(read).toEqual([]);
  });
});
