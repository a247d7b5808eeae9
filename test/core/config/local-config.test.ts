import { expect, test } from 'vitest';
import type { Environment } from '../../../lib/core/config/environment.ts';
import { parseLocalConfig } from '../../../lib/core/config/parse-local-config.ts';
import { problemsOf, SECRET, TOKEN } from '../../support/a-configuration.ts';

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

const halves: readonly (readonly [title: string, environment: Environment, problem: string])[] = [
  [
    'an identifier without a key',
    { CRISP_TOKEN_IDENTIFIER: 'id', CRISP_HOOK_SECRETS: SECRET },
    'CRISP_TOKEN_KEY config_missing',
  ],
  [
    'a key without an identifier',
    { CRISP_TOKEN_KEY: 'key', CRISP_HOOK_SECRETS: SECRET },
    'CRISP_TOKEN_IDENTIFIER config_missing',
  ],
  ['a token without a hook secret', TOKEN, 'CRISP_HOOK_SECRETS config_missing'],
  [
    'another Crisp without a token',
    { CRISP_API_URL: 'http://127.0.0.1:9/v1' },
    'CRISP_TOKEN_IDENTIFIER config_missing',
  ],
];

for (const [title, environment, problem] of halves) {
  test(`local mode refuses ${title}`, () => {
    expect(problemsOf(() => parseLocalConfig(environment))).toContain(problem);
  });
}
