import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadDeploySettings, loadLocalConfig, loadLocalInfraSettings } from '../../lib/app/load-config.ts';

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

test('local mode needs no .env', () => {
  expect(loadLocalConfig().coalesce.coalesceSeconds).toBe(2);
});

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
