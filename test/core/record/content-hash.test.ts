import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildRecord } from '../../../lib/core/record/build-record.ts';
import { contentHash } from '../../../lib/core/record/content-hash.ts';
import { VOLATILE_FIELDS } from '../../../lib/core/record/volatile-fields.ts';
import { aCrispMessage, aFetchedConversation } from '../../support/a-fetched-conversation.ts';

const record = buildRecord(aFetchedConversation(), { version: 7, mode: 'full', absorbed: 0 });

describe('content_hash', () => {
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
    const changed = { ...record, [name]: 'something else' };

    expect(contentHash(changed)).toBe(record.content_hash);
  });

  test.each(VOLATILE_FIELDS.message)("does not depend on a message's volatile field %s", (name) => {
    const changed = {
      ...record,
      messages: [{ ...aMessageOf(record), [name]: 'else' }, ...record.messages.slice(1)],
    };

    expect(contentHash(changed)).toBe(record.content_hash);
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
