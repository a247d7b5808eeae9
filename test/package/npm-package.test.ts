import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeNpmPackage } from '../../scripts/packaging/write-npm-package.ts';
import { ROOT } from '../support/source.ts';

const run = promisify(execFile);

/** A folder in which the release and its own dependencies are installed, and nothing else. */
let project: string;
let installed: string;
let manifest: Record<string, unknown> & { dependencies: Record<string, string> };

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'npm-package-'));
  installed = join(project, 'node_modules/crisp-enrich');
  await writeNpmPackage({ root: ROOT, folder: installed });
  manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(project, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), link);
  }
  await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
}, 120_000);

afterAll(() => rm(project, { recursive: true, force: true }));

describe('an installed release', () => {
  test('opens records', async () => {
    const program = `
      import { readFileSync } from 'node:fs';
      import { openRecord } from 'crisp-enrich/record';
      import schema from 'crisp-enrich/record.schema.json' with { type: 'json' };
      const body = readFileSync('node_modules/crisp-enrich/docs/record.example.json', 'utf8');
      console.log((await openRecord(body)).outcome, schema.$id);`;
    const { stdout } = await node(['--input-type=module', '-e', program]);

    expect(stdout).toBe('enriched crisp-enrich/conversation/v1\n');
  });

  test('has types, for each way in which TypeScript resolves modules', async () => {
    const program = `
      import { isNewer, openRecord, type EnrichedRecord } from 'crisp-enrich/record';
      const opened = await openRecord('{}', { getObject: async ({ bucket, key }) => bucket + key });
      if (opened.outcome === 'enriched') {
        const { meta, version }: EnrichedRecord = opened.record;
        export const email: string | null | undefined = meta?.email;
        // @ts-expect-error: a version is a number.
        export const text: string = version;
      }
      export const newer: boolean = isNewer(opened.record, null);`;
    await writeFile(join(project, 'consumer.ts'), program.replaceAll('export const', 'const'));
    const flags = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2024', '--types', ''];
    const check = (...how: string[]) =>
      run(join(ROOT, 'node_modules/.bin/tsc'), [...flags, ...how, 'consumer.ts'], { cwd: project });

    await expect(check('--module', 'nodenext')).resolves.toMatchObject({ stdout: '' });
    await expect(check('--module', 'esnext', '--moduleResolution', 'bundler')).resolves.toMatchObject({
      stdout: '',
    });
  });

  test('has the command, which finds the infrastructure that it compares a stage with', async () => {
    const command = join(installed, 'lib/cli/crisp-enrich.mjs');
    const { stdout } = await node([command, '--help']);
    expect(stdout).toContain('Usage: crisp-enrich COMMAND');

    const program = `
      import { toInfraSettings } from './node_modules/crisp-enrich/dist/config/infra-settings.js';
      import { readInfraQueues } from './node_modules/crisp-enrich/dist/operate/doctor/checks.js';
      const settings = toInfraSettings({}, { isLocal: true, archiveBucketSuffix: '' });
      console.log((await readInfraQueues(settings)).size);`;
    expect(Number((await node(['--input-type=module', '-e', program])).stdout)).toBeGreaterThan(3);
  });

  test("has the console's page, made in advance", async () => {
    const program = `
      import { createAssets } from './node_modules/crisp-enrich/dist/console/assets.js';
      const { 'page.js': script, 'page.css': style } = await createAssets()();
      console.log(JSON.stringify([script.length > 10_000, style.length > 100]));`;

    expect((await node(['--input-type=module', '-e', program])).stdout).toBe('[true,true]\n');
  });

  test('needs no package of local mode, of the functions or of development', () => {
    expect(Object.keys(manifest.dependencies)).toEqual([
      ...['cloudformation', 'dynamodb', 'lambda', 's3', 'sns', 'sqs', 'ssm'].map(
        (it) => `@aws-sdk/client-${it}`,
      ),
      ...['cli-progress', 'commander', 'hono', 'undici', 'yaml', 'zod'],
    ]);
    expect(manifest).not.toHaveProperty('devDependencies');
    expect(manifest).not.toHaveProperty('optionalDependencies');
    expect(manifest).not.toHaveProperty('private');
    expect(manifest).not.toHaveProperty('scripts');
  });

  test('is small, and has neither TypeScript nor local mode', async () => {
    const files = await readdir(installed, { recursive: true });
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(installed, file))).size));

    expect(files.filter((file) => /(?<!\.d)\.ts$|^dist\/local\b|\btest\b/.test(file))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'docs/record.md']));
    expect(files.filter((file) => file.endsWith('.png'))).toEqual(['docs/images/flow.png']);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(2_000_000);
  });

  // Without variables that would name a stage or credentials.
  function node(words: readonly string[]) {
    return run(process.execPath, words, { cwd: project, env: {} });
  }
});
