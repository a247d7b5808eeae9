import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createKnownSecrets,
  createParameterReader,
  createSecrets,
  createSsmSecrets,
  type SecretOptions,
} from '../../lib/config/secret-reader.ts';
import {
  findSecretProblems,
  parseHookSecrets,
  STORED_SECRETS,
  type StoredSecretName,
} from '../../lib/config/secrets.ts';
import { createSdkParameterReader } from '../../lib/operate/doctor/setup.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

describe('find secret problems', () => {
  const codesOf = (name: StoredSecretName, text: string) =>
    findSecretProblems(name, text).map(({ variable, code }) => `${variable} ${code}`);

  test.each<[StoredSecretName, string]>([
    ['CRISP_HOOK_SECRETS', 'whsec_9f1c7a52e0b84d36'],
    ['CRISP_HOOK_SECRETS', 'whsec_9f1c7a52e0b84d36,whsec_0a1b2c3d4e5f6071'],
    ['CRISP_TOKEN_IDENTIFIER', '0f2a6f5e-0f77-4c2e-9ff4-7a3c44c1b1de'],
    ['CRISP_TOKEN_KEY', 'ab:cd'],
    ['API_KEYS', `crm:read+enqueue:${'a1'.repeat(16)}`],
    ['API_KEYS', `crm:read:${'a1'.repeat(16)},ops:operate:${'b2'.repeat(16)}`],
  ])('%s may be %s', (name, text) => expect(codesOf(name, text)).toEqual([]));

  test.each<[StoredSecretName, string, string]>([
    ['CRISP_HOOK_SECRETS', 'short', 'config_secret_too_short'],
    ['CRISP_HOOK_SECRETS', 'your-hook-secret', 'config_secret_placeholder'],
    ['CRISP_HOOK_SECRETS', 'whsec_9f1c7a52e0b84d36\n', 'config_secret_whitespace'],
    ['CRISP_HOOK_SECRETS', 'whsec_9f1c7a52e0b84d36,', 'config_secret_empty'],
    ['CRISP_TOKEN_IDENTIFIER', 'a:b', 'config_invalid'],
    ['CRISP_TOKEN_IDENTIFIER', '<identifier>', 'config_secret_placeholder'],
    ['CRISP_TOKEN_KEY', ' key', 'config_secret_whitespace'],
    ['API_KEYS', 'a1'.repeat(16), 'config_invalid'],
    ['API_KEYS', `crm:write:${'a1'.repeat(16)}`, 'config_invalid'],
    ['API_KEYS', `crm::${'a1'.repeat(16)}`, 'config_invalid'],
    ['API_KEYS', `crm:read+read:${'a1'.repeat(16)}`, 'config_invalid'],
    ['API_KEYS', `crm:read:${'a1'.repeat(16)}:more`, 'config_invalid'],
    ['API_KEYS', `crm:read:${'é1'.repeat(16)}`, 'config_invalid'],
    ['API_KEYS', `crm:read:${'a1'.repeat(16)}\n`, 'config_secret_whitespace'],
    ['API_KEYS', 'crm:read:short', 'config_secret_too_short'],
    ['API_KEYS', `a:read:${'a1'.repeat(16)},a:operate:${'b2'.repeat(16)}`, 'config_invalid'],
    ['API_KEYS', `a:read:${'a1'.repeat(16)},b:operate:${'a1'.repeat(16)}`, 'config_invalid'],
    ['API_KEYS', `a:read:${'a1'.repeat(16)},`, 'config_secret_empty'],
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
});

describe('secrets', () => {
  const SECRETS = 'whsec_9f1c7a52e0b84d36,whsec_0a1b2c3d4e5f6071';
  const missing = new ParameterNotFound({ message: 'not found', $metadata: {} });

  function createSsm(parameters: Record<string, string | Error>) {
    const client = new SSMClient({ region: 'eu-west-1' });
    const ssm = mockClient(client);
    ssm.on(GetParameterCommand).callsFake(({ Name }: { Name: string }) => {
      const value = parameters[Name] ?? missing;
      if (value instanceof Error) throw value;
      return { Parameter: { Value: value } };
    });
    const clock = createVirtualClock();
    return {
      ssm,
      clock,
      secrets: createSsmSecrets({
        path: '/crisp-enrich/test/',
        clock,
        readSsm: createSdkParameterReader(client),
      }),
    };
  }

  test('secrets are the parameters under the path, decrypted, named as the variables are', async () => {
    const { ssm, secrets } = createSsm({
      '/crisp-enrich/test/CRISP_HOOK_SECRETS': SECRETS,
      '/crisp-enrich/test/CRISP_TOKEN_IDENTIFIER': 'id-of-the-token',
      '/crisp-enrich/test/CRISP_TOKEN_KEY': 'key-of-the-token',
    });

    expect(await secrets.hookSecrets()).toEqual(SECRETS.split(','));
    expect(await secrets.crispToken()).toEqual({ identifier: 'id-of-the-token', key: 'key-of-the-token' });
    expect(ssm.commandCalls(GetParameterCommand)[0]?.args[0].input).toMatchObject({ WithDecryption: true });
  });

  test('a parameter that does not exist is a secret that is not there yet', async () => {
    const { secrets } = createSsm({});
    expect(await secrets.hookSecrets()).toEqual([]);
    expect(await secrets.crispToken()).toBeUndefined();
  });

  test('SSM is asked once for what it has, however often it is needed', async () => {
    const { ssm, secrets } = createSsm({ '/crisp-enrich/test/CRISP_HOOK_SECRETS': SECRETS });
    for (let reads = 0; reads < 5; reads += 1) await secrets.hookSecrets();
    expect(ssm.calls()).toHaveLength(1);
  });

  test('a weak secret in SSM is refused as one in the environment is, without its value', async () => {
    const { secrets } = createSsm({ '/crisp-enrich/test/CRISP_HOOK_SECRETS': 'short' });
    const failure = await secrets.hookSecrets().catch((error: unknown) => error);
    expect(failure).toMatchObject({ problems: [{ code: 'config_secret_too_short' }] });
    expect(String(failure)).not.toContain('"short"');
  });

  test('in website mode a key in SSM of fewer than 32 characters is refused', async () => {
    const client = new SSMClient({ region: 'eu-west-1' });
    mockClient(client)
      .on(GetParameterCommand)
      .resolves({ Parameter: { Value: 'k'.repeat(31) } });

    const options = {
      path: '/crisp-enrich/test/',
      clock: createVirtualClock(),
      readSsm: createSdkParameterReader(client),
    };
    const keys = createSsmSecrets({ ...options, areUrlKeys: true });

    await expect(keys.hookSecrets()).rejects.toMatchObject({
      problems: [{ code: 'config_secret_too_short' }],
    });
    expect(await createSsmSecrets(options).hookSecrets()).toEqual(['k'.repeat(31)]);
  });

  test('half a token in SSM is refused', async () => {
    const { secrets } = createSsm({ '/crisp-enrich/test/CRISP_TOKEN_KEY': 'key-of-the-token' });

    await expect(secrets.crispToken()).rejects.toMatchObject({
      problems: [{ code: 'config_missing', variable: 'CRISP_TOKEN_IDENTIFIER' }],
    });
  });

  test("a refusal by SSM keeps SSM's own name", async () => {
    const denied = Object.assign(new Error('no'), { name: 'AccessDeniedException' });
    const { secrets } = createSsm({ '/crisp-enrich/test/CRISP_HOOK_SECRETS': denied });
    await expect(secrets.hookSecrets()).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  test('secrets of the environment are the ones that were checked at start', async () => {
    const crispToken = { identifier: 'id', key: 'key' };
    const secrets = createSecrets(
      { source: 'environment', hookSecrets: ['whsec_9f1c7a52e0b84d36'], crispToken },
      createVirtualClock(),
    );

    expect(await secrets.hookSecrets()).toEqual(['whsec_9f1c7a52e0b84d36']);
    expect(await secrets.crispToken()).toEqual(crispToken);
  });

  /** A store that answers with `answers` in turn, and what it was asked. */
  function createReader(...answers: (string | undefined | Error | Promise<string>)[]) {
    const clock = createVirtualClock();
    const readAtMs: number[] = [];
    const startMs = clock.nowMs();
    const read = createParameterReader(async () => {
      readAtMs.push(clock.nowMs() - startMs);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer instanceof Error) throw answer;
      return answer;
    }, clock);
    return { clock, readAtMs, get: (fresh = false) => read('name', { fresh }) };
  }

  const throttled = Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' });

  test('what is missing is asked for again after 15 seconds, not with every request', async () => {
    const { clock, readAtMs, get } = createReader(undefined, 'a secret at last');

    expect(await get()).toBeUndefined();
    await clock.advance(14_999);
    expect(await get(true)).toBeUndefined();
    await clock.advance(1);
    expect(await get()).toBe('a secret at last');
    expect(readAtMs).toEqual([0, 15_000]);
  });

  test('what is known is used for five minutes, and read anew by the first who asks after that', async () => {
    const { clock, readAtMs, get } = createReader('known', 'rotated');

    expect(await get()).toBe('known');
    await clock.advance(299_999);
    expect(await get()).toBe('known');
    await clock.advance(1);
    expect(await get()).toBe('rotated');
    expect(readAtMs).toEqual([0, 300_000]);
  });

  test('a rejected secret is read again, but never within a minute of the last read, the first included', async () => {
    const { clock, readAtMs, get } = createReader('known', 'rotated', 'rotated twice');

    expect(await get()).toBe('known');
    for (let second = 0; second < 150; second += 1) {
      expect(await get(true)).toBe(second < 60 ? 'known' : second < 120 ? 'rotated' : 'rotated twice');
      await clock.advance(1000);
    }

    expect(readAtMs).toEqual([0, 60_000, 120_000]);
  });

  test('a flood of rejections shares one read, and those whose secret is known do not wait for it', async () => {
    let answer: (value: string) => void = () => undefined;
    const slow = new Promise<string>((resolve) => {
      answer = resolve;
    });
    const { clock, readAtMs, get } = createReader('known', slow);
    await get();
    await clock.advance(60_000);

    const rejected = Array.from({ length: 100 }, () => get(true));
    expect(await get()).toBe('known');
    answer('rotated');

    expect(new Set(await Promise.all(rejected))).toEqual(new Set(['rotated']));
    expect(readAtMs).toEqual([0, 60_000]);
  });

  test('while the store throttles, the known value goes on counting, and the store is asked once a minute', async () => {
    const { clock, readAtMs, get } = createReader('known', throttled);
    await get();
    await clock.advance(300_000);

    for (let second = 0; second < 180; second += 1) {
      expect(await get(second % 2 === 0)).toBe('known');
      await clock.advance(1000);
    }

    expect(readAtMs).toEqual([0, 300_000, 360_000, 420_000]);
  });

  test('a store that does not answer holds nobody up who has a value: after half a second it is used', async () => {
    const { clock, get } = createReader('known', new Promise<string>(() => undefined));
    await get();
    await clock.advance(300_000);

    let value: string | undefined;
    const asked = get().then((got) => {
      value = got;
    });
    await clock.advance(499);
    expect(value).toBeUndefined();
    await clock.advance(1);
    await asked;

    expect(value).toBe('known');
    expect(clock.sleepers).toBe(0);
  });

  test('a first read that fails is tried again after 1 s, 2 s, 4 s, and at most 15 s', async () => {
    const { clock, readAtMs, get } = createReader(throttled);

    for (let second = 0; second < 50; second += 1) {
      await expect(get(second % 2 === 0)).rejects.toThrow('Rate exceeded');
      await clock.advance(1000);
    }

    expect(readAtMs).toEqual([0, 1000, 3000, 7000, 15_000, 30_000, 45_000]);
  });
});

describe('known secrets', () => {
  const OLD = 'the-old-secret-0123456789';
  const NEW = 'the-new-secret-9876543210';
  const TOKEN = { identifier: 'an-identifier-of-a-token', key: 'the-key-of-a-token' };
  const API_KEY = { name: 'crm', scopes: ['read'], key: 'the-key-of-the-api-0123456789abcdef' } as const;

  function createRotated() {
    const asked: (SecretOptions | undefined)[] = [];
    const { secrets, redact } = createKnownSecrets({
      async hookSecrets(options) {
        asked.push(options);
        return options?.fresh ? [NEW] : [OLD];
      },
      crispToken: async () => TOKEN,
      apiKeys: async () => [API_KEY],
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

    await secrets.apiKeys();
    expect(redact(`Bearer ${API_KEY.key} of ${API_KEY.name}`)).toBe('Bearer [..] of crm');
  });

  test('a secret that is too short to be one tears no word apart, and a failure is handed on', async () => {
    const failure = new Error('away');
    const { secrets, redact } = createKnownSecrets({
      hookSecrets: async () => Promise.reject(failure),
      apiKeys: async () => [],
      crispToken: async () => ({ identifier: 'id', key: 'key' }),
    });

    await secrets.crispToken();

    expect(redact('the key of an id')).toBe('the key of an id');
    await expect(secrets.hookSecrets()).rejects.toBe(failure);
  });
});
