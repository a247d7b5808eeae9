import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CrispObject } from '../../../lib/core/crisp/crisp-object.ts';
import { buildRecord } from '../../../lib/core/record/build-record.ts';
import { buildRemovedRecord } from '../../../lib/core/record/build-removed-record.ts';
import { toMessageAttributes } from '../../../lib/core/record/message-attributes.ts';
import { aFetchedConversation } from '../../support/a-fetched-conversation.ts';
import { aSession, WEBSITE_ID } from '../../support/builders.ts';
import { isLegalForSqs } from '../../support/is-legal-for-sqs.ts';

describe('message attributes', () => {
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

function attributesOf(conversation: CrispObject) {
  const fetched = aFetchedConversation({ conversation });
  return toMessageAttributes(buildRecord(fetched, { version: 1, mode: 'full', absorbed: 0 }));
}
