import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CrispObject } from '../../../lib/core/crisp/crisp-object.ts';
import type { FetchedConversation } from '../../../lib/core/crisp/fetched-conversation.ts';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import { buildRecord } from '../../../lib/core/record/build-record.ts';
import { escapeBody } from '../../../lib/core/record/escape-body.ts';
import { expectRecord } from '../../../lib/core/record/expect-record.ts';
import { enrichedRecordSchema } from '../../../lib/core/record/schema.ts';
import { aFetchedConversation } from '../../support/a-fetched-conversation.ts';

const OF_CRISP =
  /^(state|is_verified|is_blocked|people_id|inbox_id|assigned|topic|participants|created_at|updated_at|meta)\b/;

/** The failure of the record of such a conversation; undefined where it is one. */
function failureOf(fetched: Partial<FetchedConversation>): JobError | undefined {
  try {
    expectRecord(buildRecord(aFetchedConversation(fetched), { version: 1, mode: 'full', absorbed: 0 }));
    return undefined;
  } catch (error) {
    if (error instanceof JobError) return error;
    throw error;
  }
}

const changed: readonly (readonly [path: string, conversation: CrispObject])[] = [
  ['state', { state: 4111 }],
  ['is_verified', { is_verified: 'canary' }],
  ['is_blocked', { is_blocked: 1 }],
  ['people_id', { people_id: 4111 }],
  ['inbox_id', { inbox_id: ['canary'] }],
  ['assigned', { assigned: 'canary' }],
  ['topic', { topic: { canary: 1 } }],
  ['participants', { participants: { canary: 1 } }],
  ['created_at', { created_at: 'canary' }],
  ['updated_at', { updated_at: 'canary' }],
  ['created_at', { created_at: Number.POSITIVE_INFINITY }],
  ['meta', { meta: 'canary' }],
  ['meta.nickname', { meta: { nickname: 4111 } }],
  ['meta.email', { meta: { email: ['canary@example.com'] } }],
  ['meta.segments', { meta: { segments: 'canary' } }],
  ['meta.segments.1', { meta: { segments: ['vip', 4111] } }],
  ['meta.data', { meta: { data: 'canary' } }],
];

test.each(changed)(
  'a %s of another type is schema_mismatch, told by its path alone',
  (path, conversation) => {
    const failure = failureOf({ conversation });

    expect(failure).toMatchObject({ reason: `schema_mismatch:${path}`, disposition: 'permanent' });
    expect(`${failure?.message} ${failure?.stack} ${failure?.cause}`).not.toMatch(/canary|4111/);
  },
);

describe('what Crisp does not promise is no mismatch', () => {
  test('a field that is missing or null', () => {
    const names = [
      'state',
      'is_verified',
      'people_id',
      'inbox_id',
      'assigned',
      'topic',
      'participants',
      'meta',
    ];

    for (const value of [undefined, null]) {
      expect(
        failureOf({ conversation: Object.fromEntries(names.map((name) => [name, value])) }),
      ).toBeUndefined();
    }
  });

  test('a state, a field, a message or custom data that nobody has seen before', () => {
    const conversation = {
      state: 'snoozed',
      mood: { deep: [1, null] },
      meta: { mood: 7, data: { a: [], b: { c: null } }, device: 'phone' },
    };
    const messages = [null, 7, [], { type: 7, from: {}, content: 1, timestamp: 'soon', fingerprint: {} }];

    expect(failureOf({ conversation, messages })).toBeUndefined();
  });

  test('a moment that is none, which spoils no count of ours', () => {
    const messages = [-1e300, 1e300, Number.POSITIVE_INFINITY, -1, 0.5].map((timestamp) => ({
      from: 'user',
      timestamp,
    }));

    expect(failureOf({ messages })).toBeUndefined();
  });
});

test('content that is nested too deep to be written is refused by name', () => {
  const messages = [{ fingerprint: 1, content: JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`) }];

  expect(failureOf({ messages })?.reason).toBe('bad_response:too_deep');
});

test('whatever Crisp sends, there is a record that its schema describes, or a schema_mismatch', () => {
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(null, -1, 1e308, 2 ** 60, Number.POSITIVE_INFINITY),
  );
  const object = fc.dictionary(fc.string(), anything, { noNullPrototype: true });
  const names = Object.keys(enrichedRecordSchema.shape);
  const conversation = fc.oneof(
    object,
    fc.dictionary(fc.constantFrom(...names, '__proto__', 'compose', 'preview_message'), anything),
  );
  const message = fc.oneof(
    anything,
    fc.record({ from: fc.constantFrom('user', 'operator'), timestamp: anything }),
  );

  fc.assert(
    fc.property(conversation, fc.array(message), fc.option(object), (conversation, messages, profile) => {
      const fetched = { ...aFetchedConversation({ messages, profile }), conversation };
      const record = buildRecord(fetched, { version: 1, mode: 'full', absorbed: 0 });
      try {
        expectRecord(record);
      } catch (error) {
        // A field of Crisp's; none of ours is ever wrong.
        expect(error).toMatchObject({ code: 'schema_mismatch', detail: expect.stringMatching(OF_CRISP) });
        return;
      }
      expect(enrichedRecordSchema.safeParse(JSON.parse(escapeBody(record))).error).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});
