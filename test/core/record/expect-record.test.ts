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

const recordOf = (fetched: Partial<FetchedConversation>) =>
  buildRecord(aFetchedConversation(fetched), { version: 1, mode: 'full', absorbed: 0 });

/** The failure of the record of such a conversation; undefined where it is one. */
function failureOf(fetched: Partial<FetchedConversation>): JobError | undefined {
  return catchFailure(() => expectRecord(recordOf(fetched)));
}

function catchFailure(work: () => void): JobError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof JobError) return error;
    throw error;
  }
}

type Odd = readonly [path: string, conversation: CrispObject, typed: CrispObject, value: unknown];

const PEOPLE_ID = 'c5a2f70c-f605-4648-b47f-8c39d4b03a50';
const odd: readonly Odd[] = [
  ['state', { state: 4111 }, { state: null }, 4111],
  ['is_verified', { is_verified: 'canary' }, { is_verified: null }, 'canary'],
  ['is_blocked', { is_blocked: 1 }, { is_blocked: null }, 1],
  ['people_id', { people_id: 4111 }, { people_id: null }, 4111],
  ['people_id', { people_id: 'ada@example.com' }, { people_id: null }, 'ada@example.com'],
  ['people_id', { people_id: `${PEOPLE_ID}/..` }, { people_id: null }, `${PEOPLE_ID}/..`],
  ['inbox_id', { inbox_id: ['canary'] }, { inbox_id: null }, ['canary']],
  ['assigned', { assigned: [] }, { assigned: null }, []],
  ['assigned', { assigned: 'canary' }, { assigned: null }, 'canary'],
  ['assigned.user_id', { assigned: { user_id: 7, a: 1 } }, { assigned: { user_id: null, a: 1 } }, 7],
  ['topic', { topic: { canary: 1 } }, { topic: null }, { canary: 1 }],
  ['participants', { participants: { canary: 1 } }, { participants: [] }, { canary: 1 }],
  ['created_at', { created_at: '2026-10-01' }, { created_at: null }, '2026-10-01'],
  ['updated_at', { updated_at: true }, { updated_at: null }, true],
  ['created_at', { created_at: Number.POSITIVE_INFINITY }, { created_at: null }, Number.POSITIVE_INFINITY],
  ['meta', { meta: [] }, { meta: {} }, []],
  ['meta', { meta: 'canary' }, { meta: {} }, 'canary'],
  ['meta.nickname', { meta: { nickname: 12, x: 1 } }, { meta: { nickname: null, x: 1 } }, 12],
  ['meta.email', { meta: { email: ['a@example.com'] } }, { meta: { email: null } }, ['a@example.com']],
  ['meta.phone', { meta: { phone: 12025550143 } }, { meta: { phone: null } }, 12025550143],
  ['meta.avatar', { meta: { avatar: false } }, { meta: { avatar: null } }, false],
  ['meta.segments', { meta: { segments: {} } }, { meta: { segments: [] } }, {}],
  ['meta.segments', { meta: { segments: 'vip' } }, { meta: { segments: [] } }, 'vip'],
  ['meta.segments.1', { meta: { segments: ['vip', 4, 'x'] } }, { meta: { segments: ['vip', 'x'] } }, 4],
  ['meta.data', { meta: { data: [] } }, { meta: { data: {} } }, []],
  ['meta.data', { meta: { data: 'canary' } }, { meta: { data: {} } }, 'canary'],
];

describe("a field of Crisp's of another type than the schema promises", () => {
  test.each(odd)(
    '%s: %j is %j in its place, and its value stands in odd_fields',
    (path, conversation, typed, value) => {
      const record = recordOf({ conversation });

      expect(failureOf({ conversation })).toBeUndefined();
      expect(record).toMatchObject(typed);
      expect(record.enrichment.odd_fields).toEqual([{ path, value }]);
    },
  );

  test('several at once are named each, and everything else is as it would be without them', () => {
    const conversation = Object.assign({}, ...odd.map(([, fields]) => fields), {
      meta: { nickname: 1, segments: [2, 'vip', {}, null], data: { plan: 'pro' } },
    });

    const record = recordOf({ conversation });

    expect(record.enrichment.odd_fields.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'state',
        'meta.nickname',
        'meta.segments.0',
        'meta.segments.2',
        'meta.segments.3',
      ]),
    );
    expect(record.meta).toEqual({ nickname: null, segments: ['vip'], data: { plan: 'pro' } });
    expect(record.messages).toEqual(aFetchedConversation().messages);
  });

  test('is content: another odd value has another hash, but for a volatile field', () => {
    const hashOf = (conversation: CrispObject) => recordOf({ conversation }).content_hash;

    expect(hashOf({ state: 1 })).not.toBe(hashOf({ state: 2 }));
    expect(hashOf({ state: 1 })).not.toBe(hashOf({ state: null }));
    expect(hashOf({ updated_at: 'a' })).toBe(hashOf({ updated_at: 'b' }));
  });

  test('a record without any says so with an empty list', () => {
    expect(recordOf({}).enrichment.odd_fields).toEqual([]);
  });
});

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

test('a record that is not what its schema promises is refused, told by its path alone', () => {
  const failure = catchFailure(() =>
    expectRecord({ ...recordOf({}), state: 'canary' as never, version: -4111 }),
  );

  expect(failure).toMatchObject({ reason: 'schema_mismatch:version', disposition: 'permanent' });
  expect(`${failure?.message} ${failure?.stack} ${failure?.cause}`).not.toMatch(/canary|4111/);
});

test('whatever Crisp sends, there is a record that its schema describes', () => {
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
      expectRecord(record);
      expect(enrichedRecordSchema.safeParse(JSON.parse(escapeBody(record))).error).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});
