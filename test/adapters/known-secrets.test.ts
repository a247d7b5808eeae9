import { expect, test } from 'vitest';
import { createKnownSecrets } from '../../lib/adapters/secrets/known-secrets.ts';
import type { SecretOptions } from '../../lib/ports/secrets.ts';

const OLD = 'the-old-secret-0123456789';
const NEW = 'the-new-secret-9876543210';
const TOKEN = { identifier: 'an-identifier-of-a-token', key: 'the-key-of-a-token' };

function createRotated() {
  const asked: (SecretOptions | undefined)[] = [];
  const { secrets, redact } = createKnownSecrets({
    async hookSecrets(options) {
      asked.push(options);
      return options?.fresh ? [NEW] : [OLD];
    },
    crispToken: async () => TOKEN,
  });
  return { secrets, redact, asked };
}

test('secrets are handed on as they are, asked for as they were asked for', async () => {
  const { secrets, asked } = createRotated();

  expect(await secrets.hookSecrets()).toEqual([OLD]);
  expect(await secrets.hookSecrets({ fresh: true })).toEqual([NEW]);
  expect(await secrets.crispToken()).toEqual(TOKEN);
  expect(asked).toEqual([undefined, { fresh: true }]);
});

test('what was read is taken out of texts since then, also what a rotation has replaced', async () => {
  const { secrets, redact } = createRotated();
  const text = `${OLD} ${NEW} ${TOKEN.identifier} ${TOKEN.key}`;

  expect(redact(text)).toBe(text);
  await secrets.hookSecrets();
  expect(redact(text)).toBe(`[..] ${NEW} ${TOKEN.identifier} ${TOKEN.key}`);
  await secrets.hookSecrets({ fresh: true });
  await secrets.crispToken();
  expect(redact(text)).toBe('[..] [..] [..] [..]');
});

test('a secret that is too short to be one tears no word apart, and a failure is handed on', async () => {
  const failure = new Error('away');
  const { secrets, redact } = createKnownSecrets({
    hookSecrets: async () => Promise.reject(failure),
    crispToken: async () => ({ identifier: 'id', key: 'key' }),
  });

  await secrets.crispToken();

  expect(redact('the key of an id')).toBe('the key of an id');
  await expect(secrets.hookSecrets()).rejects.toBe(failure);
});
