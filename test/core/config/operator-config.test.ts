import { expect, test } from 'vitest';
import { parseOperatorConfig } from '../../../lib/core/config/parse-operator-config.ts';
import { problemsOf } from '../../support/a-configuration.ts';
import { WEBSITE_ID } from '../../support/builders.ts';

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
