import fc from 'fast-check';
import { expect, test } from 'vitest';
import { redactSecrets } from '../../../lib/core/text/redact-secrets.ts';
import { toSecretPattern } from '../../../lib/core/text/secret-pattern.ts';
import { toExcerpt } from '../../../lib/core/text/to-excerpt.ts';
import { toMediaType } from '../../../lib/core/text/to-media-type.ts';

test.each([
  ['what fits is whole', 'Bad Gateway', 'Bad Gateway'],
  ['what does not is cut between two words', 'one two three-and-more', 'one two … (22 characters)'],
  ['a single word that does not fit is left out', 'x'.repeat(30), '… (30 characters)'],
  ['an address is taken out', 'from 203.0.113.9', 'from [..]'],
  ['the number of a phone is taken out', 'ask +1 202-555-0143', 'ask [..]'],
  ['what cannot be seen is escaped', 'a\u001b[2J', 'a\\u001b[2J'],
])('of a foreign text, %s', (_, text, excerpt) => {
  expect(toExcerpt(text, 20)).toBe(excerpt);
});

test('a secret is in an excerpt as a whole, where it can still be taken out, or not at all', () => {
  const secret = 'k3y-0123456789/2025550143+abcdef';
  const words = fc.array(fc.constantFrom('a', 'of the', 'ada@example.com', '203.0.113.9', secret), {
    maxLength: 60,
  });

  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 120 }), (text, maxLength) => {
      const shown = redactSecrets(toExcerpt(text.join(' '), maxLength), [toSecretPattern(secret) ?? /x/]);

      expect(shown).not.toMatch(/k3y|0123|abcdef/);
    }),
  );
});

test.each([
  ['text/html; charset=utf-8', 'text/html'],
  ['Application/JSON', 'application/json'],
  ['', '""'],
  ['k3y-0123456789', '"a0a-0000000000"'],
  ['text/html k3y', '"aaaa/aaaa a0a"'],
])('the header %j names the type %s', (header, type) => {
  expect(toMediaType(header)).toBe(type);
});
