import { expect, test, vi } from 'vitest';
import { agreeOnSettings, formatNextSteps } from '../../../scripts/deploying/report.ts';

const deployed = {
  stage: 'prod',
  region: 'eu-west-1',
  webhookUrl: 'https://abc.lambda-url.eu-west-1.on.aws/webhook',
  hookMode: 'plugin',
  hasHookSecret: false,
  alarmEmail: 'ops@example.com',
  alarmTopicArn: 'arn:aws:sns:eu-west-1:123456789012:crisp-enrich-prod-alarms',
  websiteIds: '00000000-0000-4000-8000-000000000000',
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

test('whoever hears no alarm and serves everybody is told so, with commands that can be pasted', () => {
  const text = formatNextSteps({ ...deployed, hasHookSecret: true, alarmEmail: '', websiteIds: '' });

  expect(text).toContain('alarms reach nobody');
  expect(text).toContain(`aws sns subscribe --region eu-west-1 --topic-arn ${deployed.alarmTopicArn} `);
  expect(text).toContain('CRISP_WEBSITE_IDS is empty');
  expect(formatNextSteps(deployed)).not.toContain('Warning');
});

const recorded = {
  CRISP_HOOK_MODE: 'website',
  ALARM_EMAIL: 'ops@example.com',
  LOG_LEVEL: 'debug',
  MAX_PAGES: '5',
};

async function agree(given: Readonly<Record<string, string>>, options: object = {}): Promise<string> {
  const shown = vi.spyOn(console, 'log').mockReturnValue();
  try {
    await agreeOnSettings(
      { stage: 'prod', given, notInFile: [] },
      {
        recorded: JSON.stringify(recorded),
        hasStack: true,
        isAgreed: false,
        ask: async () => undefined,
        ...options,
      },
    );
    return shown.mock.calls.join('\n');
  } catch (error) {
    return `${shown.mock.calls.join('\n')}\n${String(error)}`;
  } finally {
    shown.mockRestore();
  }
}

test('a forgotten variable is shown and asked for', async () => {
  expect(await agree({ CRISP_HOOK_MODE: 'website', LOG_LEVEL: 'debug', MAX_PAGES: '6' })).toBe(
    [
      'Settings of stage prod that this deployment changes:',
      '! ALARM_EMAIL: ops@example.com -> (default)',
      '  MAX_PAGES: 5 -> 6',
      'UsageError: Nothing was changed. Put what is missing into .env.prod, or deploy with --yes to take the settings as they are.',
    ].join('\n'),
  );
});

test.each([
  ['nothing for the same settings', recorded, ''],
  ['nothing for another spelling', { ...recorded, CRISP_HOOK_MODE: ' Website ', MAX_PAGES: '05' }, ''],
  ['no question for a number', { ...recorded, MAX_PAGES: '6' }, 'MAX_PAGES: 5 -> 6'],
])('asks %s', async (_case, given, shown) => {
  const text = await agree(given);

  expect(text).toContain(shown);
  expect(text).not.toContain('UsageError');
});

test.each([
  'CRISP_HOOK_MODE',
  'CRISP_TIER',
  'CRISP_WEBSITE_IDS',
  'ALARM_EMAIL',
  'NO_HOOKS_ALARM_HOURS',
  'ON_REMOVED',
  'KMS_KEY_ARN',
  'CRISP_API_URL',
])('a change of %s is asked for', async (name) => {
  expect(await agree({ ...recorded, [name]: 'another' })).toMatch(/UsageError: Nothing was changed/);
});

test.each([
  ['--yes', { isAgreed: true }],
  ['the answer y', { ask: async () => 'y' }],
  ['a stack that is still to be made', { hasStack: false }],
])('%s goes on', async (_case, options) => {
  expect(await agree({}, options)).not.toContain('UsageError');
});

test('a stack that recorded nothing is asked for as one of defaults', async () => {
  expect(await agree({ CRISP_TIER: 'website' }, { recorded: undefined })).toMatch(
    /not recorded[\s\S]*! CRISP_TIER: \(default\) -> website[\s\S]*UsageError/,
  );
});
