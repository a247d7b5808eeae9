import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { startParameterStore } from '../support/parameters.ts';
import { COMPILE_CACHE } from '../support/private-temporary-folder.ts';

const SCRIPTS = join(import.meta.dirname, '../../scripts');

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crisp-enrich-deploy-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test.each(['deploy', 'remove'])(
  '%s without credentials ends with one sentence, and nothing was made',
  async (name) => {
    const { exitCode, printed } = await run(name, ['--stage', 'dev']);

    expect(exitCode).toBe(2);
    expect(printed.trim().split('\n')).toHaveLength(1);
    expect(printed).toMatch(/^No AWS credentials found .* Nothing was changed\.$/m);
    expect(await readdir(folder)).toEqual([]);
  },
);

test('a wrong command line is told before credentials are looked for', async () => {
  const { exitCode, printed } = await run('deploy', ['--stage', 'dev', '--force']);

  expect(exitCode).toBe(2);
  expect(printed.trim().split('\n')).toHaveLength(1);
  expect(printed).not.toContain('credentials');
});

test('every problem of the configuration is told at once, without a stack', async () => {
  const { exitCode, printed } = await run('deploy', ['--stage', 'dev'], {
    COALESCE_SECONDS: '0',
    MAX_PAGES: 'many',
  });

  expect(exitCode).toBe(1);
  expect(printed).toContain('COALESCE_SECONDS');
  expect(printed).toContain('MAX_PAGES');
  expect(printed).not.toMatch(/^\s+at /m);
});

test.each([
  ['both halves', {}, /set CRISP_TOKEN_IDENTIFIER --stage dev .*set CRISP_TOKEN_KEY --stage dev/],
  [
    'one half',
    { '/crisp-enrich/dev/CRISP_TOKEN_IDENTIFIER': 'id-of-the-token' },
    /with `npx crisp-enrich secrets set CRISP_TOKEN_KEY --stage dev --region eu-west-1`, and deploy again/,
  ],
])(
  'a token that lacks %s is asked for in one sentence, and nothing was made',
  async (_case, stored, what) => {
    const store = await startParameterStore(stored);
    onTestFinished(() => store.stop());

    const words = ['--stage', 'dev', '--region', 'eu-west-1'];
    const { exitCode, printed } = await run('deploy', words, store.environment);

    expect(exitCode).toBe(2);
    expect(printed.trim().split('\n')).toHaveLength(1);
    expect(printed).toMatch(what);
    expect(printed).toMatch(/^The Crisp token of stage 'dev' .* Nothing was created\.$/m);
    // Values are not read, and no other service is asked.
    expect(store.calls).toEqual(['DescribeParameters']);
    expect(await readdir(folder)).toEqual([]);
  },
);

test('credentials that AWS does not take are told in one sentence', async () => {
  const store = await startParameterStore();
  onTestFinished(() => store.stop());
  store.refuse('ExpiredTokenException');

  const { exitCode, printed } = await run('deploy', ['--stage', 'dev'], store.environment);

  expect(exitCode).toBe(1);
  expect(printed).toMatch(/^AWS does not take these credentials [^\n]+\n$/);
});

async function run(
  name: string,
  words: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<{ exitCode: number | null; printed: string }> {
  const child = spawn(process.execPath, [join(SCRIPTS, `${name}.ts`), ...words], {
    cwd: folder,
    // No credentials in the environment, in files, or from the machine itself.
    env: { HOME: folder, AWS_EC2_METADATA_DISABLED: 'true', ...COMPILE_CACHE, ...variables },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode, printed };
}
