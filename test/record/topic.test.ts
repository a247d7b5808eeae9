import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { buildRecord, buildRemovedRecord } from '../../lib/record/build.ts';
import { claimCheckSchema, type EnrichedRecord, type RemovedRecord } from '../../lib/record/schema.ts';
import { createSnsRecordTopic, escapeBody, toMessageAttributes, toNotice } from '../../lib/record/topic.ts';
import type { JsonObject } from '../../lib/text.ts';
import { anAwsError, isLegalForSqs } from '../support/aws.ts';
import {
  aCrispMessage,
  aFetchedConversation,
  aRecordOfBytes,
  aSession,
  WEBSITE_ID,
} from '../support/builders.ts';

describe('sns record topic', () => {
  const client = new SNSClient({ region: 'us-east-1' });
  const sns = mockClient(client);
  const topic = createSnsRecordTopic({ client, topicArn: 'arn:aws:sns:us-east-1:000000000000:records' });
  const notice = { body: '{"text":"canary-body"}', attributes: {}, isClaimCheck: false };

  beforeEach(() => {
    sns.reset();
  });

  describe('the topic in SNS', () => {
    const failed = (code: string) => ({ reason: `topic_failed:${code}`, disposition: 'transient' });
    const denied = {
      code: 'downstream_denied',
      disposition: 'outage',
      hint: expect.stringContaining('sns:Publish'),
    };
    test.each([
      ['NotFoundException', 404, failed('not_found')],
      ['InvalidParameterException', 400, failed('invalid_parameter')],
      ['ThrottledException', 429, failed('throttled')],
      ['InternalErrorException', 500, failed('internal_error')],
      ['AuthorizationErrorException', 403, denied],
      ['KMSAccessDeniedException', 403, denied],
      ['KMSDisabledException', 403, denied],
    ])(
      '%s is a failure of the topic, or names what to allow, and is told by its code alone',
      async (name, status, failure) => {
        sns.on(PublishCommand).rejects(anAwsError(name, status));
        const published = topic.publish(notice);
        await expect(published).rejects.toMatchObject({ ...failure, status });
        await expect(published).rejects.not.toThrow(/canary/);
      },
    );

    test('without a message id nothing was published', async () => {
      sns.on(PublishCommand).resolves({});
      await expect(topic.publish(notice)).rejects.toMatchObject({ reason: 'topic_failed:no_message_id' });
    });
  });
});

describe('an escaped body', () => {
  // Any UTF-16, halves of surrogate pairs included; the dangerous units are made likely.
  const anyText = fc
    .array(
      fc.oneof(
        fc.integer({ min: 0, max: 0xffff }),
        fc.constantFrom(0, 0x1f, 0xd83d, 0xde00, 0xdfff, 0xfffe, 0xffff),
      ),
    )
    .map((units) => String.fromCharCode(...units));
  const anyJson = fc.object({
    key: anyText,
    values: [anyText, fc.integer(), fc.boolean(), fc.constant(null)],
  });

  test('W40 R24 is always text that SQS takes', () => {
    fc.assert(fc.property(anyJson, (value) => isLegalForSqs(escapeBody(value))));
  });

  test('is JSON that gives the same value back', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(JSON.parse(escapeBody(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('writes an emoji as its two code units, and leaves what is harmless alone', () => {
    expect(escapeBody(['😀', 'é\u2028', '\uffff'])).toBe('["\\ud83d\\ude00","é\u2028","\\uffff"]');
  });
});

describe('message attributes', () => {
  function attributesOf(conversation: JsonObject) {
    const fetched = aFetchedConversation({ conversation });
    return toMessageAttributes(buildRecord(fetched, { version: 1, mode: 'full', absorbed: 0 }));
  }

  test('let subscribers filter by kind, ids, state, verification, inbox and segments', () => {
    const conversation = { inbox_id: 'inbox-1', is_verified: true, meta: { segments: ['vip', 'fr'] } };

    expect(attributesOf(conversation)).toEqual({
      kind: { type: 'String', value: 'conversation.enriched' },
      website_id: { type: 'String', value: WEBSITE_ID },
      session_id: { type: 'String', value: 'session_a' },
      state: { type: 'String', value: 'unresolved' },
      is_verified: { type: 'String', value: 'true' },
      inbox_id: { type: 'String', value: 'inbox-1' },
      segments: { type: 'String.Array', value: '["vip","fr"]' },
    });
  });

  test('a removal has its kind and ids alone', () => {
    const record = buildRemovedRecord(aSession(), { version: 1, reason: 'not_found' });
    expect(Object.keys(toMessageAttributes(record))).toEqual(['kind', 'website_id', 'session_id']);
  });

  test('what is null, empty, or no text is left out', () => {
    const conversation = { inbox_id: null, state: '', is_verified: null, meta: { segments: ['', null, 7] } };
    expect(Object.keys(attributesOf(conversation))).toEqual(['kind', 'website_id', 'session_id']);
  });

  test('are few, never empty and legal, whatever Crisp holds', () => {
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.string({ unit: 'binary' }),
      fc.array(fc.string({ unit: 'binary' })),
    );

    fc.assert(
      fc.property(anything, anything, anything, anything, (state, is_verified, inbox_id, segments) => {
        const attributes = attributesOf({ state, is_verified, inbox_id, meta: { segments } });

        expect(Object.keys(attributes).length).toBeLessThanOrEqual(10);
        const values = Object.values(attributes).map(({ value }) => value);
        expect(values.filter((value) => value === '' || !isLegalForSqs(value))).toEqual([]);
      }),
    );
  });

  test('segments are at most fifty, without doubles and without monsters', () => {
    const many = Array.from({ length: 200 }, (_, index) => `segment-${index}`);

    const { segments } = attributesOf({ meta: { segments: ['x'.repeat(129), 'vip', 'vip', ...many] } });

    const values: unknown[] = JSON.parse(segments?.value ?? '');
    expect(values).toHaveLength(50);
    expect(values.slice(0, 2)).toEqual(['vip', 'segment-0']);
  });
});

describe('a notice', () => {
  const ARCHIVED = { bucket: 'archive', key: 'records/x.json', bytes: 300_000, sha256: 'a'.repeat(64) };
  const SNS_LIMIT_BYTES = 262_144;

  function aRecordSaying(content: string): EnrichedRecord {
    const messages = [aCrispMessage(1, { content })];
    return buildRecord(aFetchedConversation({ messages }), { version: 1, mode: 'full', absorbed: 0 });
  }

  function smallestInlineLimit(record: EnrichedRecord): number {
    let limitBytes = 1_000;
    while (noticeOf(record, limitBytes).isClaimCheck) limitBytes += 1;
    return limitBytes;
  }

  function noticeOf(record: EnrichedRecord | RemovedRecord, inlineLimitBytes: number) {
    return toNotice(record, { body: escapeBody(record), archived: ARCHIVED, inlineLimitBytes });
  }

  test('carries the record itself up to the limit, to the byte', () => {
    const record = aRecordOfBytes(10_000);
    expect(noticeOf(record, 10_000)).toMatchObject({ isClaimCheck: false, body: escapeBody(record) });
    expect(noticeOf(record, 9_999).isClaimCheck).toBe(true);
  });

  test('never passes what SNS takes, however high the limit is set', () => {
    expect(noticeOf(aRecordOfBytes(SNS_LIMIT_BYTES), 1_000_000).isClaimCheck).toBe(false);
    expect(noticeOf(aRecordOfBytes(SNS_LIMIT_BYTES + 1), 1_000_000).isClaimCheck).toBe(true);
  });

  test.each([
    ['escaped: an emoji is twelve bytes', '😀', 12],
    ['in bytes of UTF-8: é is two', 'é', 2],
  ])('is measured as it travels, %s', (_, character, bytesEach) => {
    const limitBytes = smallestInlineLimit(aRecordSaying('x'));
    expect(smallestInlineLimit(aRecordSaying(character))).toBe(limitBytes + bytesEach - 1);
  });

  test('of a large record is a claim check: ids, version, hash, state, where to find it, no content', () => {
    const record = aRecordOfBytes(20_000);

    const claimCheck: unknown = JSON.parse(noticeOf(record, 10_000).body);
    expect(claimCheckSchema.safeParse(claimCheck).error).toBeUndefined();
    expect(claimCheck).toEqual({
      schema: 'crisp-enrich/conversation/v1',
      kind: 'conversation.enriched',
      website_id: record.website_id,
      session_id: record.session_id,
      version: record.version,
      content_hash: record.content_hash,
      state: 'unresolved',
      claim_check: ARCHIVED,
    });
  });

  test('has the same attributes with or without the content', () => {
    const record = aRecordOfBytes(20_000);
    expect(noticeOf(record, 10_000).attributes).toEqual(noticeOf(record, 30_000).attributes);
  });

  test('of a removal is always the removal', () => {
    const record = buildRemovedRecord(aSession(), { version: 1, reason: 'not_found' });
    expect(noticeOf(record, 10)).toMatchObject({ isClaimCheck: false, body: escapeBody(record) });
  });
});
