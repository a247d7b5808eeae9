import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Environment } from '../../../lib/core/config/environment.ts';
import { parseConsumerConfig } from '../../../lib/core/config/parse-consumer-config.ts';
import { parseLocalConfig } from '../../../lib/core/config/parse-local-config.ts';
import { parseWebhookConfig } from '../../../lib/core/config/parse-webhook-config.ts';
import { SECRET_VARIABLES } from '../../../lib/core/config/secret-variables.ts';
import { toInfraSettings } from '../../../lib/core/config/to-infra-settings.ts';
import { variables } from '../../../lib/core/config/variables.ts';
import { CONFIG_PROBLEMS, ConfigError } from '../../../lib/core/errors/config-error.ts';
import { RESOURCES, SECRET, TOKEN } from '../../support/a-configuration.ts';

const CANARY = 'C4N4RY';
const SECRETS = ['CRISP_HOOK_SECRETS', 'CRISP_TOKEN_IDENTIFIER', 'CRISP_TOKEN_KEY'];
const PLAIN = [...Object.keys(variables.shape), 'CRISP_SECRETS_PATH'];

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    ...['', ' ', '0', '-1', '1e3', '0x10', '99999999999999999999', 'Infinity', 'NaN', '\n', ',', ',,'],
  ),
  fc.constantFrom('https://[', 'http://127.0.0.1:99999/', 'https://a:b@c/?d#e', '*', 'x=', '/'.repeat(3000)),
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
const sound: Environment = { ...TOKEN, ...RESOURCES, CRISP_HOOK_SECRETS: SECRET };
const environment = fc.oneof(
  odd,
  odd.map((some) => ({ ...sound, ...some })),
);

const parsers: Readonly<Record<string, (environment: Environment) => object>> = {
  'the webhook': parseWebhookConfig,
  'the consumer': parseConsumerConfig,
  'local mode': parseLocalConfig,
  'the template': (some) => toInfraSettings(some, { isLocal: true, archiveBucketSuffix: '' }),
};

for (const [name, parse] of Object.entries(parsers)) {
  test(`W23 whatever the environment of ${name}, it is a configuration, or a list of problems that shows no secret`, () => {
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
      { numRuns: 1000 },
    );
  });
}

test('the secrets of the property above are all there are', () => {
  expect(SECRET_VARIABLES.filter((name) => name !== 'CRISP_SECRETS_PATH').toSorted()).toEqual(
    SECRETS.toSorted(),
  );
});
