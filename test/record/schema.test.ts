import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FetchedConversation } from '../../lib/crisp/conversation.ts';
import { JobError } from '../../lib/errors.ts';
import { buildRecord, expectRecord } from '../../lib/record/build.ts';
import { contentHash } from '../../lib/record/content-hash.ts';
import { enrichedRecordSchema, VOLATILE_FIELDS } from '../../lib/record/schema.ts';
import { escapeBody } from '../../lib/record/topic.ts';
import type { JsonObject } from '../../lib/text.ts';
import { aCrispMessage, aFetchedConversation } from '../support/builders.ts';

describe('expect record', () => {
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

  type Odd = readonly [path: string, conversation: JsonObject, typed: JsonObject, value: unknown];

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

      const segments = [0, 2, 3].map((place) => `meta.segments.${place}`);
      const paths = record.enrichment.odd_fields.map(({ path }) => path);
      expect(paths).toEqual(expect.arrayContaining(['state', 'meta.nickname', ...segments]));
      expect(record.meta).toEqual({ nickname: null, segments: ['vip'], data: { plan: 'pro' } });
      expect(record.messages).toEqual(aFetchedConversation().messages);
    });

    test('is content: another odd value has another hash, but for a volatile field', () => {
      const hashOf = (conversation: JsonObject) => recordOf({ conversation }).content_hash;
      expect(hashOf({ state: 1 })).not.toBe(hashOf({ state: 2 }));
      expect(hashOf({ state: 1 })).not.toBe(hashOf({ state: null }));
      expect(hashOf({ updated_at: 'a' })).toBe(hashOf({ updated_at: 'b' }));
    });
  });

  describe('what Crisp does not promise is no mismatch', () => {
    test('a field that is missing or null', () => {
      const names = 'state is_verified people_id inbox_id assigned topic participants meta'.split(' ');
      for (const value of [undefined, null]) {
        const conversation = Object.fromEntries(names.map((name) => [name, value]));
        expect(failureOf({ conversation })).toBeUndefined();
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
      const moments = [-1e300, 1e300, Number.POSITIVE_INFINITY, -1, 0.5];
      const messages = moments.map((timestamp) => ({ from: 'user', timestamp }));
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
});

describe('content_hash', () => {
  const record = buildRecord(aFetchedConversation(), { version: 7, mode: 'full', absorbed: 0 });

  type Path = readonly (string | number)[];

  function aMessageOf({ messages }: { readonly messages: readonly unknown[] }): object {
    const [message] = messages;
    if (typeof message !== 'object' || message === null) throw new Error('the record has no message');
    return message;
  }

  function withKeysReversed(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(withKeysReversed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, member]) => [key, withKeysReversed(member)]),
    );
  }

  function leafPaths(value: unknown, path: Path = []): Path[] {
    if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [path];
    return Object.entries(value).flatMap(([key, member]) => leafPaths(member, [...path, key]));
  }

  function isVolatile([first, , third]: Path): boolean {
    const ofRecord: readonly unknown[] = [...VOLATILE_FIELDS.record, 'content_hash'];
    const ofMessage: readonly unknown[] = VOLATILE_FIELDS.message;
    return ofRecord.includes(first) || (first === 'messages' && ofMessage.includes(third));
  }

  function withChangeAt(value: unknown, [key, ...rest]: Path): object {
    if (key === undefined) return { changed: value };
    if (Array.isArray(value)) return value.with(Number(key), withChangeAt(value[Number(key)], rest));
    return { ...Object(value), [key]: withChangeAt(Reflect.get(Object(value), key), rest) };
  }

  test('is the SHA-256 of the canonical JSON, named as such', () => {
    const hash = contentHash({ b: [1, 'é'], a: null });

    // printf '{"a":null,"b":[1,"é"]}' | sha256sum
    expect(hash).toBe('sha256:f8f17faab95c024891d173fa43442b0e52007736a1f36715ac721ab22deeefc5');
  });

  test('does not depend on the order of keys at any depth', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        expect(contentHash({ value: withKeysReversed(value) })).toBe(contentHash({ value }));
      }),
    );
  });

  test('leaves out these fields, and no others', () => {
    expect(VOLATILE_FIELDS).toEqual({
      record: [
        ...['version', 'fetched_at', 'updated_at', 'availability'],
        ...['active', 'unread', 'waiting_since', 'enrichment'],
      ],
      message: ['read', 'delivered', 'ignored', 'preview'],
    });
  });

  test.each(VOLATILE_FIELDS.record)('does not depend on the volatile field %s', (name) => {
    expect(contentHash({ ...record, [name]: 'something else' })).toBe(record.content_hash);
  });

  test.each(VOLATILE_FIELDS.message)("does not depend on a message's volatile field %s", (name) => {
    const messages = [{ ...aMessageOf(record), [name]: 'else' }, ...record.messages.slice(1)];
    expect(contentHash({ ...record, messages })).toBe(record.content_hash);
  });

  test('names of volatile fields mean nothing anywhere else', () => {
    const changed = { ...record, profile: { ...record.profile, active: 'else' } };
    expect(contentHash(changed)).not.toBe(record.content_hash);
  });

  test('changes with every value that is not volatile, at any depth', () => {
    const paths = leafPaths(record).filter((path) => !isVolatile(path));
    const unchanged = paths.filter((path) => contentHash(withChangeAt(record, path)) === record.content_hash);
    expect(paths.length).toBeGreaterThan(50);
    expect(unchanged).toEqual([]);
  });

  test('changes when a message is added, dropped, or moved', () => {
    const { messages } = record;
    const variants = [[...messages, aCrispMessage(4)], messages.slice(1), [...messages].reverse()];
    const hashes = variants.map((variant) => contentHash({ ...record, messages: variant }));
    expect(new Set([record.content_hash, ...hashes]).size).toBe(4);
  });

  test.each([
    ['at the top', '{"__proto__":{"polluted":1}}'],
    ['in a message', '{"messages":[{"__proto__":{"polluted":1}}]}'],
    ['in custom data', '{"meta":{"data":{"__proto__":{"polluted":1}}}}'],
  ])('tells a key named __proto__ %s from its absence', (_, json) => {
    const withKey = contentHash(JSON.parse(json));
    const without = contentHash(JSON.parse(json.replace('"__proto__":{"polluted":1}', '')));
    expect(withKey).not.toBe(without);
  });
});
