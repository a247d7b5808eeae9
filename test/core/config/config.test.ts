import { expect, test } from 'vitest';
import { parseLocalConfig } from '../../../lib/core/config/parse-local-config.ts';
import {
  consumer,
  messageOf,
  problemsOf,
  SECRET,
  SESSIONS_QUEUE_URL,
  webhook,
} from '../../support/a-configuration.ts';

const ON_AWS = { AWS_LAMBDA_FUNCTION_NAME: 'crisp-enrich-prod-webhook' };

test('the webhook needs a queue and a secret, and the rest has defaults', () => {
  const config = webhook();

  expect(config).toMatchObject({
    hookMode: 'plugin',
    hookMaxAgeSeconds: 86_400,
    websiteIds: [],
    coalesce: { coalesceSeconds: 60, marginSeconds: 10 },
    secrets: { source: 'environment', hookSecrets: [SECRET] },
    logLevel: 'info',
    sessionsQueueUrl: SESSIONS_QUEUE_URL,
  });
  expect(Object.isFrozen(config)).toBe(true);
});

test('the consumer needs a token and four resources, and the rest has defaults', () => {
  const config = consumer();

  expect(config).toMatchObject({
    crispTier: 'plugin',
    requestsPerSecond: 10,
    instances: 4,
    include: ['profile'],
    maxPages: 600,
    maxResponseBytes: 16 * 1024 * 1024,
    inlineLimitBytes: 204_800,
    maxAttempts: 5,
    retryBaseSeconds: 30,
    coalesce: { coalesceSeconds: 60, marginSeconds: 10 },
    secrets: {
      source: 'environment',
      crispToken: { identifier: 'id-of-the-token', key: 'key-of-the-token' },
    },
  });
  expect(config.crispApiUrl.href).toBe('https://api.crisp.chat/v1');
});

test('every problem is told at once, each with its variable and what was expected and found', () => {
  const run = () =>
    consumer({
      COALESCE_SECONDS: '301',
      MAX_PAGES: '1e3',
      CRISP_TOKEN_KEY: undefined,
      CRIPS_TIER: 'x',
      CRISP_TEIR: 'website',
    });

  expect(problemsOf(run).sort()).toEqual([
    'COALESCE_SECONDS config_invalid',
    'CRISP_TEIR config_unknown',
    'CRISP_TOKEN_KEY config_missing',
    'MAX_PAGES config_invalid',
  ]);
  expect(run).toThrow('COALESCE_SECONDS: expected a whole number from 1 to 300, found "301"');
  expect(run).toThrow('CRISP_TEIR: is not a variable. Did you mean CRISP_TIER?');
});

const weakSecrets: readonly (readonly [secret: string, code: string])[] = [
  ['', 'config_secret_empty'],
  [`${SECRET},`, 'config_secret_empty'],
  [' secret\n', 'config_secret_whitespace'],
  [`${SECRET}\n`, 'config_secret_whitespace'],
  [`${SECRET}, ${SECRET}`, 'config_secret_whitespace'],
  ['   ', 'config_secret_whitespace'],
  ['<YOUR_SECRET>', 'config_secret_placeholder'],
  ['<your-hook-signing-secret>', 'config_secret_placeholder'],
  ['your_hook_signing_secret', 'config_secret_placeholder'],
  ['changeme-changeme-changeme', 'config_secret_placeholder'],
  [`\${HOOK_SECRET_OF_CRISP}`, 'config_secret_placeholder'],
  ['a'.repeat(15), 'config_secret_too_short'],
];

for (const [secret, code] of weakSecrets) {
  test(`W23 the hook secret ${JSON.stringify(secret)} is refused as ${code}`, () => {
    expect(problemsOf(() => webhook({ CRISP_HOOK_SECRETS: secret }))).toEqual([`CRISP_HOOK_SECRETS ${code}`]);
    expect(problemsOf(() => parseLocalConfig({ CRISP_HOOK_SECRETS: secret }))).toEqual([
      `CRISP_HOOK_SECRETS ${code}`,
    ]);
  });
}

test.each([
  ['plugin', 15, 'CRISP_HOOK_SECRETS config_secret_too_short'],
  ['plugin', 16, undefined],
  ['website', 31, 'CRISP_HOOK_SECRETS config_secret_too_short'],
  [' Website ', 31, 'CRISP_HOOK_SECRETS config_secret_too_short'],
  ['website', 32, undefined],
])('in mode %j a secret of %d characters: %s', (mode, length, problem) => {
  const environment = { CRISP_HOOK_MODE: mode, CRISP_HOOK_SECRETS: 'k'.repeat(length) };
  const parse = () => webhook(environment);

  if (problem === undefined) expect(parse().hookMode).toBe(mode);
  else expect(problemsOf(parse)).toContain(problem);
});

test('one to four secrets are taken, a fifth is refused', () => {
  const secrets = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(16));

  const config = webhook({ CRISP_HOOK_SECRETS: secrets.slice(0, 4).join(',') });

  expect(config.secrets).toMatchObject({ hookSecrets: secrets.slice(0, 4) });
  expect(problemsOf(() => webhook({ CRISP_HOOK_SECRETS: secrets.join(',') }))).toEqual([
    'CRISP_HOOK_SECRETS config_invalid',
  ]);
});

test('no message of a configuration error holds a secret', () => {
  const secrets = {
    CRISP_HOOK_SECRETS: 'tiny-5ecret',
    CRISP_TOKEN_IDENTIFIER: 'my:5ecret',
    CRISP_TOKEN_KEY: '<5ecret>',
  };
  const url = { CRISP_API_URL: 'https://user:5ecret@example.com/?key=5ecret' };

  const messages = [
    () => webhook({ ...secrets, ...url }),
    () => consumer({ ...secrets, ...url }),
    () => parseLocalConfig({ ...secrets, ...url }),
    () => webhook({ ...secrets, ...ON_AWS }),
  ].map(messageOf);

  for (const message of messages) {
    expect(message).toMatch(/CRISP_/);
    expect(message).not.toContain('5ecret');
  }
});
test('on AWS secrets are SSM parameters under a path, of which none need exist yet', () => {
  const aws = { ...ON_AWS, CRISP_HOOK_SECRETS: undefined, CRISP_SECRETS_PATH: '/crisp-enrich/prod' };

  expect(webhook(aws).secrets).toEqual({ source: 'ssm', path: '/crisp-enrich/prod/' });
});

test('on AWS secrets in the environment, no path, plain http and unchecked certificates are refused', () => {
  const run = () =>
    consumer({ ...ON_AWS, NODE_TLS_REJECT_UNAUTHORIZED: '0', CRISP_API_URL: 'http://127.0.0.1/v1' });

  expect(problemsOf(run).sort()).toEqual([
    'CRISP_API_URL config_invalid',
    'CRISP_SECRETS_PATH config_missing',
    'CRISP_TOKEN_IDENTIFIER config_invalid',
    'CRISP_TOKEN_KEY config_invalid',
    'NODE_TLS_REJECT_UNAUTHORIZED config_invalid',
  ]);
});
