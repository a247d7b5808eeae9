import { describe, expect, test } from 'vitest';
import { buildRecord } from '../../lib/core/record/build-record.ts';
import { escapeBody } from '../../lib/core/record/escape-body.ts';
import type { EnrichedRecord } from '../../lib/core/record/schema.ts';
import { type Notice, toNotice } from '../../lib/core/record/to-notice.ts';
import type { RecordTopic } from '../../lib/ports/record-topic.ts';
import { aCrispMessage, aFetchedConversation } from '../support/a-fetched-conversation.ts';
import { aRecordOfBytes } from '../support/a-record-of-bytes.ts';

/** A topic and what has reached its subscriber since. */
export interface TopicUnderTest {
  readonly topic: RecordTopic;
  received(): Promise<readonly Pick<Notice, 'body' | 'attributes'>[]>;
}

/** What every records topic must do; `create` gives one whose subscriber has received nothing. */
export function describeRecordTopic(implementation: string, create: () => Promise<TopicUnderTest>): void {
  describe(`record topic: ${implementation}`, () => {
    test('a subscriber receives body and attributes as they were published', async () => {
      const { topic, received } = await create();
      const conversation = { inbox_id: 'inbox-1', meta: { segments: ['vip', 'grün', '😀'] } };
      const { body, attributes } = toInlineNotice(aRecordWith({ conversation }));

      await topic.publish({ body, attributes, isClaimCheck: false });

      expect(await received()).toEqual([{ body, attributes }]);
    });

    test('text that SQS refuses arrives all the same', async () => {
      const { topic, received } = await create();
      const content = '😀 \ufffe\uffff \ud83d \u0000\u001b[2J \u2028';
      const record = aRecordWith({ messages: [aCrispMessage(1, { content })] });

      await topic.publish(toInlineNotice(record));

      const [notice] = await received();
      expect(JSON.parse(notice?.body ?? 'null')).toEqual(JSON.parse(JSON.stringify(record)));
    });

    test('the largest record that travels inline arrives: 262,144 bytes with its attributes', async () => {
      const { topic, received } = await create();
      const notice = toInlineNotice(aRecordOfBytes(262_144));

      await topic.publish(notice);

      expect((await received()).map(({ body }) => body.length)).toEqual([notice.body.length]);
    });

    test('what is published twice is received twice', async () => {
      const { topic, received } = await create();
      const notice = toInlineNotice(aRecordWith({}));

      await topic.publish(notice);
      await topic.publish(notice);

      expect(await received()).toHaveLength(2);
    });
  });
}

function aRecordWith(overrides: Parameters<typeof aFetchedConversation>[0]): EnrichedRecord {
  return buildRecord(aFetchedConversation(overrides), { version: 1, mode: 'full', absorbed: 0 });
}

function toInlineNotice(record: EnrichedRecord): Notice {
  const archived = { bucket: 'b', key: 'k', bytes: 1, sha256: 'a'.repeat(64) };
  const notice = toNotice(record, { body: escapeBody(record), archived, inlineLimitBytes: 262_144 });
  expect(notice.isClaimCheck).toBe(false);
  return notice;
}
