import { describe, expect, test } from 'vitest';
import { buildRecord } from '../../../lib/core/record/build-record.ts';
import { buildRemovedRecord } from '../../../lib/core/record/build-removed-record.ts';
import { escapeBody } from '../../../lib/core/record/escape-body.ts';
import {
  claimCheckSchema,
  type EnrichedRecord,
  type RemovedRecord,
} from '../../../lib/core/record/schema.ts';
import { toNotice } from '../../../lib/core/record/to-notice.ts';
import { aCrispMessage, aFetchedConversation } from '../../support/a-fetched-conversation.ts';
import { aRecordOfBytes } from '../../support/a-record-of-bytes.ts';
import { aSession } from '../../support/builders.ts';

const ARCHIVED = { bucket: 'archive', key: 'records/x.json', bytes: 300_000, sha256: 'a'.repeat(64) };
const SNS_LIMIT_BYTES = 262_144;

describe('a notice', () => {
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

    const record = aRecordSaying(character);

    expect(smallestInlineLimit(record)).toBe(limitBytes + bytesEach - 1);
  });

  test('of a large record is a claim check: ids, version, hash, state, where to find it, no content', () => {
    const record = aRecordOfBytes(20_000);

    const notice = noticeOf(record, 10_000);

    const claimCheck: unknown = JSON.parse(notice.body);
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
