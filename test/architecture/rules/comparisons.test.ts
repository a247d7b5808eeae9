import { expect, test } from 'vitest';
import { readSourceFiles } from '../source/source-file.ts';
import { checkComparisons } from './comparisons.ts';

test('signatures and secrets are compared in constant time alone', () => {
  const files = readSourceFiles(['lib', 'functions'], ['.ts']);

  expect(files.filter(({ text }) => text.includes('timingSafeEqual')).length).toBeGreaterThanOrEqual(2);
  expect(checkComparisons(files)).toEqual([]);
});

test.each([
  'return signature === expected;',
  'return expected === signature;',
  'if (delivery.signature !== toHex(mac)) throw error;',
  "return headers['x-crisp-signature'] == signature;",
  'return config.hookSecret === key;',
  'const isKnown = secrets.includes(secret);',
  'return digest.equals(signature);',
  'return Buffer.compare(digest, expectedDigest) === 0;',
  'return known.has(apiKey);',
  'return signature.equals(Buffer.from(expected));',
  "return signature.toString('hex') === signHook(secret, timestamp, body);",
])('%s is a violation', (text) => {
  expect(checkComparisons([{ path: 'lib/core/hook/a.ts', text }])).not.toEqual([]);
});

test.each([
  "if (secret === '') return;",
  'if (signature === undefined) return;',
  'if (undefined === signature) return;',
  'if (secrets.length === 0) return;',
  'timingSafeEqual(signature, expected);',
  'const ok = matches.includes(true);',
  '// signature === expected would tell',
])('%s is none', (text) => {
  expect(checkComparisons([{ path: 'lib/core/hook/a.ts', text }])).toEqual([]);
});
