import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Environment, SECRET_VARIABLES } from '../../lib/config/config.ts';
import { toInfraSettings } from '../../lib/config/infra-settings.ts';
import { parseLocalConfig, parseOperatorConfig } from '../../lib/config/local-config.ts';
import {
  parseApiConfig,
  parseConsumerConfig,
  parseProbeConfig,
  parseWebhookConfig,
} from '../../lib/config/parse.ts';
import { variables } from '../../lib/config/variables.ts';
import { CONFIG_PROBLEMS, ConfigError } from '../../lib/errors.ts';
import {
  consumer,
  messageOf,
  problemsOf,
  RESOURCES,
  SECRET,
  SESSIONS_QUEUE_URL,
  TOKEN,
  WEBSITE_ID,
  webhook,
} from '../support/builders.ts';

describe('config', () => {
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
      instances: 3,
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

  test.each([
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
  ])('W23 the hook secret %j is refused as %s', (secret, code) => {
    const parse = [webhook, parseLocalConfig];
    for (const each of parse)
      expect(problemsOf(() => each({ CRISP_HOOK_SECRETS: secret }))).toEqual([`CRISP_HOOK_SECRETS ${code}`]);
  });

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
});

describe('local config', () => {
  test('local mode coalesces by seconds, and needs nothing at all where the simulator is Crisp', () => {
    const config = parseLocalConfig({});

    expect(config).toMatchObject({
      hasCrispCredentials: false,
      coalesce: { coalesceSeconds: 2, marginSeconds: 1 },
      requestsPerSecond: 200,
      secrets: { source: 'environment', hookSecrets: [], crispToken: undefined },
    });
  });

  test('local mode keeps what is set, a default that is blank apart', () => {
    const config = parseLocalConfig({ COALESCE_SECONDS: '5', COALESCE_MARGIN_SECONDS: '' });
    expect(config.coalesce).toEqual({ coalesceSeconds: 5, marginSeconds: 1 });
  });

  test('local mode with a token is connected to the real Crisp', () => {
    const config = parseLocalConfig({ ...TOKEN, CRISP_HOOK_SECRETS: SECRET });
    expect(config).toMatchObject({ hasCrispCredentials: true, requestsPerSecond: 10 });
    expect(config.secrets).toMatchObject({ hookSecrets: [SECRET], crispToken: { key: 'key-of-the-token' } });
  });

  test.each<[string, Environment, string]>([
    [
      'an identifier without a key',
      { CRISP_TOKEN_IDENTIFIER: 'id', CRISP_HOOK_SECRETS: SECRET },
      'CRISP_TOKEN_KEY',
    ],
    [
      'a key without an identifier',
      { CRISP_TOKEN_KEY: 'key', CRISP_HOOK_SECRETS: SECRET },
      'CRISP_TOKEN_IDENTIFIER',
    ],
    ['a token without a hook secret', TOKEN, 'CRISP_HOOK_SECRETS'],
    ['another Crisp without a token', { CRISP_API_URL: 'http://127.0.0.1:9/v1' }, 'CRISP_TOKEN_IDENTIFIER'],
  ])('local mode refuses %s', (_title, environment, missing) => {
    expect(problemsOf(() => parseLocalConfig(environment))).toContain(`${missing} config_missing`);
  });
});

describe('operator config', () => {
  const local = { isLocal: true };
  const onAws = { isLocal: false };

  test('local mode is looked for at its usual front door, with its own buckets', () => {
    const config = parseOperatorConfig({}, local);
    expect(config.localUrl.href).toBe('http://127.0.0.1:4700/');
    expect(config.coalesce).toEqual({ coalesceSeconds: 2, marginSeconds: 1 });
  });

  test('a stage has the buckets of a deployment, and the region of one', () => {
    const config = parseOperatorConfig({ AWS_DEFAULT_REGION: 'eu-west-1', AWS_PROFILE: 'p' }, onAws);

    expect(config).toMatchObject({
      coalesce: { coalesceSeconds: 60, marginSeconds: 10 },
      region: 'eu-west-1',
      profile: 'p',
    });
    expect(
      parseOperatorConfig({ AWS_REGION: 'eu-west-3', AWS_DEFAULT_REGION: 'eu-west-1' }, onAws).region,
    ).toBe('eu-west-3');
    expect(parseOperatorConfig({}, onAws).region).toBe('us-east-1');
  });

  test('every problem is told at once', () => {
    const environment = {
      CRISP_ENRICH_URL: 'https://example.com',
      CRISP_WEBSITE_IDS: 'abc',
      COALESCE_SECONDS: '0',
      CRISP_WEBSITES: WEBSITE_ID,
    };

    expect(problemsOf(() => parseOperatorConfig(environment, local)).sort()).toEqual([
      'COALESCE_SECONDS config_invalid',
      'CRISP_ENRICH_URL config_invalid',
      'CRISP_WEBSITES config_unknown',
      'CRISP_WEBSITE_IDS config_invalid',
    ]);
  });

  test.each([
    'http://192.0.2.1:4700',
    'http://example.com',
    'http://127.0.0.1.nip.io:4700',
    'http://user:pass@127.0.0.1:4700',
    'ftp://127.0.0.1',
    'nonsense',
  ])('%s is not this machine', (CRISP_ENRICH_URL) => {
    expect(problemsOf(() => parseOperatorConfig({ CRISP_ENRICH_URL }, local))).toEqual([
      'CRISP_ENRICH_URL config_invalid',
    ]);
  });

  test('a secret that is wrong is nobody’s trouble here, and is not read', () => {
    const config = parseOperatorConfig({ CRISP_HOOK_SECRETS: 'x', CRISP_TOKEN_KEY: 'canary-key' }, local);
    expect(JSON.stringify(config)).not.toContain('canary');
  });
});

describe('probe config', () => {
  const { SESSIONS_QUEUE_ARN, CONSUMER_FUNCTION_NAME, LEDGER_TABLE } = RESOURCES;
  const OWN = { SESSIONS_QUEUE_ARN, CONSUMER_FUNCTION_NAME, LEDGER_TABLE };

  test('the probe needs a token, the two ends of the mapping, and the ledger', () => {
    expect(parseProbeConfig({ ...TOKEN, ...OWN })).toMatchObject({
      sessionsQueueArn: SESSIONS_QUEUE_ARN,
      consumerFunctionName: CONSUMER_FUNCTION_NAME,
      ledgerTable: LEDGER_TABLE,
      crispTier: 'plugin',
      websiteIds: [],
    });
    expect(problemsOf(() => parseProbeConfig({}))).toEqual([
      'SESSIONS_QUEUE_ARN config_missing',
      'CONSUMER_FUNCTION_NAME config_missing',
      'LEDGER_TABLE config_missing',
      'CRISP_TOKEN_IDENTIFIER config_missing',
      'CRISP_TOKEN_KEY config_missing',
    ]);
  });

  test.each([
    ['SESSIONS_QUEUE_ARN', 'arn:aws:sqs:us-east-1:000000000000:crisp-enrich-local-records'],
    ['CONSUMER_FUNCTION_NAME', 'arn:aws:lambda:us-east-1:000000000000:function:consumer'],
  ])('%s is no %s', (variable, text) => {
    expect(problemsOf(() => parseProbeConfig({ ...TOKEN, ...OWN, [variable]: text }))).toEqual([
      `${variable} config_invalid`,
    ]);
  });
});

describe('total', () => {
  const CANARY = 'C4N4RY';
  const SECRETS = ['CRISP_HOOK_SECRETS', 'CRISP_TOKEN_IDENTIFIER', 'CRISP_TOKEN_KEY', 'API_KEYS'];
  const PLAIN = [...Object.keys(variables.shape), 'CRISP_SECRETS_PATH'];

  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      ...['', ' ', '0', '-1', '1e3', '0x10', '99999999999999999999', 'Infinity', 'NaN', '\n', ',', ',,'],
    ),
    fc.constantFrom(
      'https://[',
      'http://127.0.0.1:99999/',
      'https://a:b@c/?d#e',
      '*',
      'x=',
      '/'.repeat(3000),
    ),
    fc.constantFrom(
      '5',
      '60',
      'plugin',
      'website',
      'message:send',
      'profile',
      '8c842203-7ed8-4e29-a608-7cf78a7d2fcc',
    ),
  );
  const secret = fc.tuple(text, text).map(([before, after]) => `${before}${CANARY}${after}`);
  const name = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }).map((rest) => `CRISP_${rest}`),
    fc.constantFrom('__proto__', 'CRISP_TEIR'),
  );
  const odd = fc
    .tuple(
      fc.dictionary(fc.constantFrom(...PLAIN), text),
      fc.dictionary(fc.constantFrom(...SECRETS), secret),
      fc.dictionary(name, text, {
        maxKeys: 2,
      }),
      fc.constantFrom({}, {}, { AWS_LAMBDA_FUNCTION_NAME: 'f' }, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }),
    )
    .map((parts): Environment => Object.assign({}, ...parts));
  const sound: Environment = { ...TOKEN, ...RESOURCES, CRISP_HOOK_SECRETS: SECRET, STAGE: 'local' };
  const environment = fc.oneof(
    odd,
    odd.map((some) => ({ ...sound, ...some })),
  );

  const parsers: Readonly<Record<string, (environment: Environment) => object>> = {
    'the webhook': parseWebhookConfig,
    'the consumer': parseConsumerConfig,
    'the API': parseApiConfig,
    'local mode': parseLocalConfig,
    'the template': (some) => toInfraSettings(some, { isLocal: true, archiveBucketSuffix: '' }),
  };

  test.each(Object.entries(parsers))(
    'W23 whatever the environment of %s, it is a configuration, or a list of problems that shows no secret',
    (_name, parse) => {
      fc.assert(
        fc.property(environment, (some) => {
          try {
            expect(parse(some)).toBeTypeOf('object');
          } catch (error) {
            if (!(error instanceof ConfigError)) throw error;
            expect(error.problems.length).toBeGreaterThan(0);
            for (const { code, message, variable } of error.problems) {
              expect(CONFIG_PROBLEMS).toContain(code);
              expect(`${variable} ${message}`).toMatch(/^[\x20-\x7e…]+$/);
            }
            expect(error.message).not.toContain(CANARY);
          }
        }),
        { numRuns: 400 },
      );
    },
  );

  test('the secrets of the property above are all there are', () => {
    expect(SECRET_VARIABLES.filter((name) => name !== 'CRISP_SECRETS_PATH').toSorted()).toEqual(
      SECRETS.toSorted(),
    );
  });
});
