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

test('a deployment names its bucket for the account, and hands on what is set', () => {
  vi.stubEnv('MAX_PAGES', '12');

  const { settings, environment } = loadDeploySettings();

  // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation fills it in.
  expect(settings.archiveBucketSuffix).toBe('-${AWS::AccountId}');
  expect(environment).toMatchObject({ MAX_PAGES: '12' });
});
