import { expect, test } from 'vitest';
import { formatNextSteps } from '../../../scripts/deploying/format-next-steps.ts';

const deployed = {
  stage: 'prod',
  region: 'eu-west-1',
  webhookUrl: 'https://abc.lambda-url.eu-west-1.on.aws/webhook',
  hookMode: 'plugin',
  hasHookSecret: false,
} as const;

test('a first deployment ends with the hook URL and the command for its secret', () => {
  const text = formatNextSteps(deployed);

  expect(text).toContain('Hook URL: https://abc.lambda-url.eu-west-1.on.aws/webhook\n');
  expect(text).toContain('npx crisp-enrich secrets set CRISP_HOOK_SECRETS --stage prod --region eu-west-1\n');
});

test('a website hook is entered with its key', () => {
  expect(formatNextSteps({ ...deployed, hookMode: 'website' })).toContain('?key=KEY');
});

test('an upgrade has nothing left to enter', () => {
  const text = formatNextSteps({ ...deployed, hasHookSecret: true });

  expect(text).toContain('Hook URL:');
  expect(text).not.toContain('secrets set');
});
