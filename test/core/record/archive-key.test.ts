import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SessionRef } from '../../../lib/core/ids.ts';
import { toArchiveKey } from '../../../lib/core/record/archive-key.ts';
import { aSession, WEBSITE_ID } from '../../support/builders.ts';

describe('an archive key', () => {
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
    (version) => {
      expect(() => toArchiveKey(aSession(), version)).toThrow(RangeError);
    },
  );
});

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
