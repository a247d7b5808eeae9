import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { toFunctionEnvironment, toInfraSettings } from '../../lib/config/infra-settings.ts';
import { loadDeploySettings, loadLocalConfig, loadLocalInfraSettings } from '../../lib/config/load.ts';
import {
  consumer,
  messageOf,
  OTHER_WEBSITE_ID,
  problemsOf,
  RESOURCES,
  SECRET,
  TOKEN,
  WEBSITE_ID,
  webhook,
} from '../support/builders.ts';

describe('variables', () => {
  test.for<[variable: string, ...values: string[]]>([
    ['COALESCE_SECONDS', '0', '-1', '1.5', 'abc', '1e2', '0x10', '301', '９'],
    ['COALESCE_MARGIN_SECONDS', '0', '301'],
    ['CRISP_REQUESTS_PER_SECOND', '0', '0.0', '-1', 'Infinity', '1001', 'abc'],
    ['CRISP_DAILY_QUOTA', '-1', '1.5', '100000001', 'none'],
    ['QUOTA_LIVE_SHARE', '1.1', '2', '-0.1', '70', '70 %', '0.', 'abc'],
    ['CONSUMER_CONCURRENCY', '1', '1001'],
    ['MAX_ATTEMPTS', '0', '20'],
    ['INLINE_LIMIT_BYTES', '262145'],
    ['ENRICH_INCLUDE', 'profiles', 'profile,,pages'],
    ['CRISP_WEBSITE_IDS', 'shop', `${WEBSITE_ID};${OTHER_WEBSITE_ID}`],
    ['CRISP_TIER', 'user'],
    ['LOG_LEVEL', 'verbose'],
    [
      'CRISP_API_URL',
      'http://api.crisp.chat/v1',
      'ftp://127.0.0.1/',
      'api.crisp.chat',
      'https://a@example.com',
      'https://example.com/?a=1',
      'https://example.com/#a',
      'http://127.0.0.1.example.com/',
      'http://localhost.example.com/',
    ],
    ['SESSIONS_QUEUE_URL', 'crisp-enrich-prod-sessions.fifo', 'https://sqs.example.com/standard'],
    ['RECORDS_TOPIC_ARN', 'records', 'arn:aws:sqs:us-east-1:000000000000:records'],
  ])('%s is refused as %s, and the like', ([variable, ...values]) => {
    for (const value of values)
      expect(problemsOf(() => consumer({ [variable]: value }))).toEqual([`${variable} config_invalid`]);
  });

  test('triggers are refused where the star is not at the end, or a state stands beside it', () => {
    const bad = ['mes*:send', '*:send', 'session:*=resolved', 'Message:Send', 'message:send=', '=x', 'a b'];
    for (const value of bad)
      expect(problemsOf(() => webhook({ TRIGGER_EVENTS: value }))).toEqual(['TRIGGER_EVENTS config_invalid']);
  });

  test('triggers are names, names with a state, and beginnings of names', () => {
    const { triggers } = webhook({ TRIGGER_EVENTS: 'message:send, session:set_state=resolved,people:*,*' });

    expect(triggers).toEqual([
      { name: 'message:send', isPrefix: false },
      { name: 'session:set_state', isPrefix: false, state: 'resolved' },
      { name: 'people:', isPrefix: true },
      { name: '', isPrefix: true },
    ]);
  });

  test('bounds themselves are allowed, and blanks around a value do not count', () => {
    const config = consumer({
      COALESCE_SECONDS: ' 300 ',
      COALESCE_MARGIN_SECONDS: '1',
      INLINE_LIMIT_BYTES: '0',
      CRISP_REQUESTS_PER_SECOND: '0.5',
    });

    expect(config.coalesce).toEqual({ coalesceSeconds: 300, marginSeconds: 1 });
    expect(config).toMatchObject({ inlineLimitBytes: 0, requestsPerSecond: 0.5 });
  });

  test('the daily quota is the tier’s, unless it is set; 0 is no budget', () => {
    const quotaOf = (environment: Record<string, string>) => consumer(environment).dailyQuota;

    expect(quotaOf({})).toBe(5000);
    expect(quotaOf({ CRISP_TIER: 'website' })).toBe(10_000);
    expect(quotaOf({ CRISP_TIER: 'website', CRISP_DAILY_QUOTA: '200000' })).toBe(200_000);
    expect(quotaOf({ CRISP_DAILY_QUOTA: '0' })).toBe(0);
  });

  test('live events keep seven tenths of it, or any share from none to all', () => {
    const shares = ['', '0', '0.25', '1', '1.0'].map(
      (QUOTA_LIVE_SHARE) => consumer({ QUOTA_LIVE_SHARE }).quotaLiveShare,
    );

    expect(shares).toEqual([0.7, 0, 0.25, 1, 1]);
    expect(messageOf(() => consumer({ QUOTA_LIVE_SHARE: '1.5' }))).toContain(
      'QUOTA_LIVE_SHARE: expected a number from 0 to 1, as 0.7, found "1.5"',
    );
  });

  test('a variable that is set to nothing has its default', () => {
    const config = webhook({ COALESCE_SECONDS: '', CRISP_WEBSITE_IDS: ' ', TRIGGER_EVENTS: '' });
    expect(config.coalesce.coalesceSeconds).toBe(60);
    expect(config.triggers).toHaveLength(22);
  });

  test('website ids are lower-case, each once', () => {
    const { websiteIds } = webhook({
      CRISP_WEBSITE_IDS: `${WEBSITE_ID.toUpperCase()}, ${WEBSITE_ID} ,${OTHER_WEBSITE_ID}`,
    });

    expect(websiteIds).toEqual([WEBSITE_ID, OTHER_WEBSITE_ID]);
  });

  test('the address of Crisp ends without a slash, and may be plain http on this machine alone', () => {
    const hrefOf = (CRISP_API_URL: string) => consumer({ CRISP_API_URL }).crispApiUrl.href;

    expect(hrefOf('https://example.com/v1//')).toBe('https://example.com/v1');
    expect(hrefOf('http://127.0.0.1:4701/v1/')).toBe('http://127.0.0.1:4701/v1');
    expect(hrefOf('http://[::1]:4701/v1')).toBe('http://[::1]:4701/v1');
    expect(hrefOf('http://localhost:4701/v1')).toBe('http://localhost:4701/v1');
  });

  test('variables of other parts are not unknown, and those of strangers are none of our business', () => {
    const others = { CRISP_ENRICH_URL: 'http://127.0.0.1:4700', API_KEYS: 'x', CRISPY: 'x', PATH: '/' };
    expect(problemsOf(() => webhook(others))).toEqual([]);
  });
});

describe('infra settings', () => {
  test('the numbers of the infra files follow from the variables', () => {
    const aws = { isLocal: false, archiveBucketSuffix: '-123456789012' };

    expect(toInfraSettings({ COALESCE_SECONDS: '120', CONSUMER_CONCURRENCY: '7' }, aws)).toEqual({
      sessionsDelaySeconds: 130,
      consumerConcurrency: 7,
      apiConcurrency: 1,
      archiveBucketSuffix: '-123456789012',
      archiveRetentionDays: 400,
      alarmEmail: '',
      noHooksAlarmHours: 0,
      reconcileEveryMinutes: 60,
      encryption: 'managed-keys',
      kmsKeyArn: '',
    });
    const expected = { sessionsDelaySeconds: 3, archiveBucketSuffix: '' };
    expect(toInfraSettings({}, { isLocal: true, archiveBucketSuffix: '' })).toMatchObject(expected);
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
});

describe('load config', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crisp-enrich-'));
    vi.spyOn(process, 'cwd').mockReturnValue(folder);
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  test('local mode reads .env, and the environment wins where both speak', async () => {
    await writeFile(join(folder, '.env'), '# comment\nCOALESCE_SECONDS=7\nMAX_PAGES="12"\n');
    vi.stubEnv('COALESCE_SECONDS', '9');

    const { coalesce, maxPages } = loadLocalConfig();

    expect(coalesce.coalesceSeconds).toBe(9);
    expect(maxPages).toBe(12);
    expect(loadLocalInfraSettings().sessionsDelaySeconds).toBe(10);
  });

  test('local mode needs no .env', () => expect(loadLocalConfig().coalesce.coalesceSeconds).toBe(2));

  test('a misspelt variable in .env is a problem like one in the environment', async () => {
    await writeFile(join(folder, '.env'), 'CRISP_TIRE=website\n');
    expect(() => loadLocalConfig()).toThrow('CRISP_TIRE: is not a variable. Did you mean CRISP_TIER?');
  });

  test('a deployment names its bucket for account and region, and hands on what is set', () => {
    vi.stubEnv('MAX_PAGES', '12');

    const { settings, environment } = loadDeploySettings();

    // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation fills it in.
    expect(settings.archiveBucketSuffix).toBe('-${AWS::AccountId}-${AWS::Region}');
    expect(environment).toMatchObject({ MAX_PAGES: '12' });
  });

  test('the settings of a stage come from its file, and the environment wins where both speak', async () => {
    await writeFile(
      join(folder, '.env.prod'),
      'CRISP_TIER=website\nALARM_EMAIL="ops@example.com"\nMAX_PAGES=5\nLOG_LEVEL=\nAWS_REGION=eu-west-1\n',
    );
    await writeFile(join(folder, '.env'), 'COALESCE_SECONDS=7\n');
    vi.stubEnv('MAX_PAGES', '12');
    vi.stubEnv('ALARM_EMAIL', ' ');

    const { given, settings, environment, notInFile, place } = loadDeploySettings({ stage: 'prod', folder });

    expect(given).toMatchObject({ ALARM_EMAIL: 'ops@example.com', CRISP_TIER: 'website', MAX_PAGES: '12' });
    expect(settings).toMatchObject({ alarmEmail: 'ops@example.com', sessionsDelaySeconds: 70 });
    expect(environment).toMatchObject({ CRISP_TIER: 'website', MAX_PAGES: '12' });
    expect(notInFile).toEqual(['MAX_PAGES']);
    expect(place).toEqual({ AWS_REGION: 'eu-west-1' });
  });

  test.each([
    [
      'CRISP_TOKEN_KEY',
      /CRISP_TOKEN_KEY: is a secret: .* npx crisp-enrich secrets set CRISP_TOKEN_KEY --stage prod /,
    ],
    ['CRISP_HOOK_SECRETS', /CRISP_HOOK_SECRETS: is a secret/],
    ['API_KEYS', /API_KEYS: is a secret/],
    ['AWS_SECRET_ACCESS_KEY', /AWS_SECRET_ACCESS_KEY: is a secret/],
    ['AWS_ACCESS_KEY_ID', /AWS_ACCESS_KEY_ID: is a secret/],
    ['DB_PASSWORD', /DB_PASSWORD: is a secret/],
    ['ALARM_EMIAL', /ALARM_EMIAL: is no setting of a stage\. Did you mean ALARM_EMAIL\?/],
  ])('a file with %s is refused, and its value is not shown', async (name, message) => {
    await writeFile(join(folder, '.env.prod'), `${name}=canary-1234567890\n`);
    const load = () => loadDeploySettings({ stage: 'prod', folder });
    expect(load).toThrow(message);
    expect(load).not.toThrow(/canary/);
  });

  test('a line that sets nothing is refused with its number, and is not shown', async () => {
    const lines = [
      '# what is kept',
      '',
      'ON_REMOVED: canary',
      'export MAX_PAGES=50',
      'canary',
      'ALARM_EMIAL=a@example.com',
    ];
    await writeFile(join(folder, '.env.prod'), lines.join('\r\n'));
    const load = () => loadDeploySettings({ stage: 'prod', folder });
    expect(load).toThrow(
      /ALARM_EMIAL: is no .*\n.*\.env\.prod: line 3: is no NAME=value .*\n.*line 5: is no NAME=value/,
    );
    expect(load).not.toThrow(/canary|line [1246]/);
  });
});
