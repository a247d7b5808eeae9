import { expect, test } from 'vitest';
import { toFunctionEnvironment } from '../../../lib/core/config/to-function-environment.ts';
import { toInfraSettings } from '../../../lib/core/config/to-infra-settings.ts';
import { problemsOf, RESOURCES, SECRET, TOKEN } from '../../support/a-configuration.ts';

test('the numbers of the infra files follow from the variables', () => {
  const aws = { isLocal: false, archiveBucketSuffix: '-123456789012' };

  expect(toInfraSettings({ COALESCE_SECONDS: '120', CONSUMER_CONCURRENCY: '7' }, aws)).toEqual({
    sessionsDelaySeconds: 130,
    consumerConcurrency: 7,
    archiveBucketSuffix: '-123456789012',
    archiveRetentionDays: 400,
    alarmEmail: '',
    noHooksAlarmHours: 0,
    encryption: 'managed-keys',
    kmsKeyArn: '',
  });
  expect(toInfraSettings({}, { isLocal: true, archiveBucketSuffix: '' })).toMatchObject({
    sessionsDelaySeconds: 3,
    archiveBucketSuffix: '',
  });
});

test('a deployment is refused for any bad variable of its functions, and needs no secret', () => {
  const run = () =>
    toInfraSettings(
      { MAX_PAGES: 'many', CRISP_HOOK_SECRETS: 'short', CRISP_TOKEN_KEY: 'half' },
      { isLocal: false, archiveBucketSuffix: '' },
    );

  expect(problemsOf(run)).toEqual(['MAX_PAGES config_invalid']);
});

test('functions get the variables that are set, and never a secret or what is for the template alone', () => {
  const environment = toFunctionEnvironment({
    ...TOKEN,
    CRISP_HOOK_SECRETS: SECRET,
    ...RESOURCES,
    ALARM_EMAIL: 'operator@example.com',
    NO_HOOKS_ALARM_HOURS: '48',
    KMS_KEY_ARN: 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000000',
    WEBHOOK_RESERVED_CONCURRENCY: '20',
    MAX_PAGES: ' 5 ',
    LOG_LEVEL: '',
    PATH: '/',
  });

  expect(environment).toEqual({ MAX_PAGES: '5' });
});

test('a deployment is refused a margin that clocks and Crisp’s cache could use up, local mode is not', () => {
  const environment = { COALESCE_MARGIN_SECONDS: '9' };
  const settings = (isLocal: boolean) => toInfraSettings(environment, { isLocal, archiveBucketSuffix: '' });

  expect(problemsOf(() => settings(false))).toEqual(['COALESCE_MARGIN_SECONDS config_invalid']);
  expect(problemsOf(() => settings(true))).toEqual([]);
});

test('website mode is deployed only with the websites that it serves; local mode has its own', () => {
  const settings = (ids: string, isLocal = false) =>
    toInfraSettings(
      { CRISP_HOOK_MODE: 'website', CRISP_WEBSITE_IDS: ids },
      { isLocal, archiveBucketSuffix: '' },
    );

  expect(problemsOf(() => settings(''))).toEqual(['CRISP_WEBSITE_IDS config_missing']);
  expect(problemsOf(() => settings('11111111-1111-4111-8111-111111111111'))).toEqual([]);
  expect(problemsOf(() => settings('', true))).toEqual([]);
});
