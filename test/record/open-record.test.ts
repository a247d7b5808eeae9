import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, test, vi } from 'vitest';
import { buildRecord, buildRemovedRecord } from '../../lib/record/build.ts';
import {
  type GetArchivedObject,
  isNewer,
  openRecord,
  parseRecord,
  RecordError,
} from '../../lib/record/open-record.ts';
import type { EnrichedRecord } from '../../lib/record/schema.ts';
import { escapeBody, toNotice } from '../../lib/record/topic.ts';
import { aFetchedConversation, aSession } from '../support/builders.ts';
import { startEmbeddedAws } from '../support/embedded-aws.ts';
import { ROOT } from '../support/source.ts';

const VERSION = 1_790_856_070_123;
const record = buildRecord(aFetchedConversation(), { version: VERSION, mode: 'full', absorbed: 0 });
const removed = buildRemovedRecord(aSession(), { version: VERSION, reason: 'conversation_missing' });

/** The body of a claim check, and the object behind it. */
function aClaimCheck(of: EnrichedRecord = record) {
  const object = escapeBody(of);
  const sha256 = createHash('sha256').update(object).digest('hex');
  const archived = { bucket: 'archive', key: 'records/a.json', bytes: Buffer.byteLength(object), sha256 };
  return { object, body: toNotice(of, { body: object, archived, inlineLimitBytes: 0 }).body };
}

/** As SNS wraps a message where delivery is not raw. */
function wrap(Message: string): string {
  return JSON.stringify({ Type: 'Notification', MessageId: 'a', TopicArn: 'arn:aws:sns:a', Message });
}

const refuse: GetArchivedObject = () => Promise.reject(new Error('nothing is to be read'));

async function failureOf(work: () => unknown): Promise<RecordError> {
  try {
    await work();
  } catch (thrown) {
    if (thrown instanceof RecordError) return thrown;
    throw thrown;
  }
  throw new Error('it did not fail');
}

describe.each([
  ['raw', (body: string) => body],
  ["in SNS's envelope", wrap],
])('a message delivered %s', (_, deliver) => {
  test('with a record in it is that record, and reads nothing', async () => {
    const opened = await openRecord(deliver(escapeBody(record)), { getObject: refuse });
    expect(opened).toEqual({ outcome: 'enriched', record });
  });

  test('with a claim check is the archived record, from text or bytes', async () => {
    const { object, body } = aClaimCheck();
    const getObject = vi.fn<GetArchivedObject>(async () => object);

    expect(await openRecord(deliver(body), { getObject })).toEqual({ outcome: 'enriched', record });
    expect(getObject.mock.calls).toEqual([[{ bucket: 'archive', key: 'records/a.json' }]]);
    const expected = { outcome: 'enriched', record };
    expect(await openRecord(deliver(body), { getObject: async () => Buffer.from(object) })).toEqual(expected);
  });

  test('with a removal is a result of its own', async () => {
    const opened = await openRecord(deliver(escapeBody(removed)), { getObject: refuse });
    expect(opened).toEqual({ outcome: 'removed', record: removed });
  });
});

describe('a claim check', () => {
  test('can be compared before its object is read', async () => {
    const { object, body } = aClaimCheck();
    const message = parseRecord(body);
    expect(isNewer(message, { ...removed, version: VERSION })).toBe(false);
    expect(await openRecord(message, { getObject: async () => object })).toMatchObject({ record });
  });

  test('whose object is gone is expired, and a reader that fails is not', async () => {
    const { body } = aClaimCheck();

    expect(await openRecord(body, { getObject: async () => undefined })).toEqual({
      outcome: 'expired',
      record: JSON.parse(body),
    });
    await expect(openRecord(body, { getObject: refuse })).rejects.toThrow('nothing is to be read');
  });

  const { object } = aClaimCheck();
  test.each([
    ['cut', object.slice(0, -1), 'bytes'],
    ['longer', `${object} `, 'bytes'],
    ['empty', '', 'bytes'],
    ['changed', object.replace('session_', 'session-'), 'sha256'],
  ])('whose object was %s is a mismatch', async (_, altered, reason) => {
    const error = await failureOf(() => openRecord(aClaimCheck().body, { getObject: async () => altered }));
    expect(error.code).toBe('claim_check_mismatch');
    expect(error.message).toContain(reason);
  });

  test.each([
    ['website_id', '00000000-0000-4000-8000-000000000000'],
    ['session_id', 'session_other'],
    ['version', VERSION + 1],
    ['content_hash', `sha256:${'0'.repeat(64)}`],
  ])('of another %s than its object is a mismatch', async (name, value) => {
    const { object: other } = aClaimCheck();
    const body = JSON.stringify({ ...JSON.parse(aClaimCheck().body), [name]: value });
    const error = await failureOf(() => openRecord(body, { getObject: async () => other }));
    expect(error.message).toBe(`claim_check_mismatch: ${name}`);
  });

  test("without a reader is read from the environment's S3", async () => {
    const aws = await startEmbeddedAws();
    vi.stubEnv('AWS_ENDPOINT_URL', aws.endpoint);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    const claim = aClaimCheck();
    await aws.s3.send(new CreateBucketCommand({ Bucket: 'archive' }));

    expect((await openRecord(claim.body)).outcome).toBe('expired');
    await aws.s3.send(new PutObjectCommand({ Bucket: 'archive', Key: 'records/a.json', Body: claim.object }));
    expect(await openRecord(claim.body)).toEqual({ outcome: 'enriched', record });
    await aws.stop();
  });
});

describe('what is no record', () => {
  const { state: _, ...stateless } = JSON.parse(aClaimCheck().body);
  test.each([
    ['nothing', undefined],
    ['an empty text', ''],
    ['no JSON', 'canary {'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a record of another version of the schema', escapeBody({ ...record, schema: 'canary/v2' })],
    ['a record of a kind that version 1 does not know', escapeBody({ ...record, kind: 'canary' })],
    ['a record without messages', escapeBody({ ...record, messages: undefined })],
    ['a version that is none', escapeBody({ ...record, version: 'canary' })],
    ['a claim check without a field', JSON.stringify(stateless)],
    ['an envelope without a message', JSON.stringify({ Type: 'Notification', canary: 1 })],
    ['an envelope in an envelope', wrap(wrap(escapeBody(record)))],
    ['a notice of SNS about the subscription', JSON.stringify({ Type: 'SubscriptionConfirmation' })],
  ])('%s is refused without its text', async (_, body) => {
    const error = await failureOf(() => openRecord(body, { getObject: refuse }));
    expect(error.code).toBe('not_a_record');
    expect(error.message).not.toContain('canary');
  });
});

test('a record is given as it came: a custom field called __proto__, and fields that are not known yet', async () => {
  const text = escapeBody({ ...record, meta: { data: { a: 1 } }, new_field: { b: [2] } });
  const body = text.replace('"a":1', '"__proto__":{"a":1}');
  expect(JSON.stringify((await openRecord(body)).record)).toBe(body);
});

describe('is newer', () => {
  test.each([
    [2, 1, true],
    [1, 1, false],
    [1, 2, false],
  ])('version %i than %i: %s', (version, applied, newer) => {
    expect(isNewer({ ...removed, version }, { ...removed, version: applied })).toBe(newer);
  });

  test('than nothing', () => {
    expect(isNewer(record, undefined)).toBe(true);
    expect(isNewer(record, null)).toBe(true);
  });

  test.each([{ session_id: 'session_other' }, { website_id: 'other' }])(
    'cannot be asked of two conversations: %j',
    (other) => expect(() => isNewer(removed, { ...removed, version: 1, ...other })).toThrow(TypeError),
  );
});

test('the kit loads four files of ours and zod, nothing of the pipeline or of AWS', async () => {
  const program = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    await import(${JSON.stringify(new URL('../../lib/record/open-record.ts', import.meta.url).href)});
    console.log(JSON.stringify(loaded));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  const loaded: string[] = JSON.parse(stdout);
  const paths = loaded
    .filter((url) => url.startsWith('file:'))
    .map((url) => relative(ROOT, fileURLToPath(url)));

  expect(paths.filter((path) => !path.startsWith('node_modules/')).sort()).toEqual([
    'lib/crisp/volatile.ts',
    'lib/record/open-record.ts',
    'lib/record/schema.ts',
    'lib/text.ts',
  ]);
  expect(paths.filter((path) => !/^(?:lib|node_modules\/zod)\//.test(path))).toEqual([]);
});
