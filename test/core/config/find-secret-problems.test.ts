import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findSecretProblems } from '../../../lib/core/config/find-secret-problems.ts';
import { parseHookSecrets } from '../../../lib/core/config/parse-hook-secrets.ts';
import { STORED_SECRETS, type StoredSecretName } from '../../../lib/core/config/stored-secrets.ts';

const codesOf = (name: StoredSecretName, text: string) =>
  findSecretProblems(name, text).map(({ variable, code }) => `${variable} ${code}`);

test.each<[StoredSecretName, string]>([
  ['CRISP_HOOK_SECRETS', 'whsec_9f1c7a52e0b84d36'],
  ['CRISP_HOOK_SECRETS', 'whsec_9f1c7a52e0b84d36,whsec_0a1b2c3d4e5f6071'],
  ['CRISP_TOKEN_IDENTIFIER', '0f2a6f5e-0f77-4c2e-9ff4-7a3c44c1b1de'],
  ['CRISP_TOKEN_KEY', 'ab:cd'],
])('%s may be %s', (name, text) => {
  expect(codesOf(name, text)).toEqual([]);
});

test.each<[StoredSecretName, string, string]>([
  ['CRISP_HOOK_SECRETS', 'short', 'config_secret_too_short'],
  ['CRISP_HOOK_SECRETS', 'your-hook-secret', 'config_secret_placeholder'],
  ['CRISP_HOOK_SECRETS', 'whsec_9f1c7a52e0b84d36\n', 'config_secret_whitespace'],
  ['CRISP_HOOK_SECRETS', 'whsec_9f1c7a52e0b84d36,', 'config_secret_empty'],
  ['CRISP_TOKEN_IDENTIFIER', 'a:b', 'config_invalid'],
  ['CRISP_TOKEN_IDENTIFIER', '<identifier>', 'config_secret_placeholder'],
  ['CRISP_TOKEN_KEY', ' key', 'config_secret_whitespace'],
  ['CRISP_TOKEN_KEY', 'k'.repeat(4097), 'config_invalid'],
])('%s may not be "%s": %s', (name, text, code) => {
  expect(codesOf(name, text)).toEqual([`${name} ${code}`]);
});

test.each(STORED_SECRETS)('%s may not be empty', (name) => {
  expect(codesOf(name, '')).toEqual([`${name} config_secret_empty`]);
});

test('what is stored as hook secrets is accepted when it is read', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
      fc.pre(findSecretProblems('CRISP_HOOK_SECRETS', text).length === 0);
      expect(parseHookSecrets(text).problems).toEqual([]);
    }),
  );
});

test('no message shows a secret', () => {
  const secret = fc.string({ minLength: 8, maxLength: 40 });
  fc.assert(
    fc.property(secret, fc.constantFrom(...STORED_SECRETS), (text, name) => {
      for (const { message } of findSecretProblems(name, text)) expect(message).not.toContain(text);
    }),
  );
});
