import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addTotals, formatTotals, isGreen } from '../../scripts/test.ts';
import { COMPILE_CACHE } from '../support/private-temporary-folder.ts';

describe('run vitest', () => {
  const REPOSITORY = join(import.meta.dirname, '../..');

  const PASSES = "test('passes', () => {});";

  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'crisp-enrich-vitest-'));
    await symlink(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'));
    await writeFile(join(root, 'package.json'), '{ "type": "module" }');
  });

  afterEach(() => rm(root, { recursive: true, force: true }));

  test('passed, failed and skipped tests are counted, and a reason is kept', {
    timeout: 30_000,
  }, async () => {
    await writeTest('mixed', [
      PASSES,
      "test('fails', () => { throw new Error('expected'); });",
      "test('is skipped', (context) => context.skip('no browser'));",
      "test.todo('is to be written');",
    ]);

    expect(await runVitestIn(root)).toEqual({
      passed: 1,
      failed: 1,
      skipped: [
        { name: 'is skipped', reason: 'no browser' },
        { name: 'is to be written', reason: 'todo' },
      ],
    });
  });

  test('what no test of its own shows as red counts as failed', { timeout: 30_000 }, async () => {
    await writeTest('broken', ["throw new Error('at import');"]);
    await writeTest('stray', ["test('passes', () => { Promise.reject(new Error('nobody waits')); });"]);

    expect(await runVitestIn(root)).toEqual({ passed: 1, failed: 2, skipped: [] });
  });

  test('a run without tests is a failure', { timeout: 30_000 }, async () => {
    expect(await runVitestIn(root)).toEqual({ passed: 0, failed: 1, skipped: [] });
  });

  test('a forgotten `only` is a failure', { timeout: 30_000 }, async () => {
    await writeTest('only', [
      "test.only('alone', () => {});",
      "test('left out', () => { throw new Error('x'); });",
    ]);

    expect(await runVitestIn(root)).toMatchObject({ failed: 1 });
  });

  test('a file that does not come to an end is a failure, and the run ends', {
    timeout: 30_000,
  }, async () => {
    await writeTest('endless', ["test('loops', () => { for (;;) {} });"]);

    expect(await runVitestIn(root, { maxRunMs: 2000 })).toEqual({ passed: 0, failed: 1, skipped: [] });
  });

  test('a tool that fails makes the run fail, and the last line is the totals all the same', {
    timeout: 30_000,
  }, async () => {
    const modules = join(root, 'node_modules');
    await rm(modules);
    await mkdir(join(modules, '.bin'), { recursive: true });
    await symlink(join(REPOSITORY, 'node_modules/vitest'), join(modules, 'vitest'));
    await writeFile(join(modules, '.bin/tsc'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    await writeFile(join(modules, '.bin/biome'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    await cp(join(REPOSITORY, 'scripts/test.ts'), join(root, 'scripts/test.ts'));
    await writeTest('mixed', ["test('is skipped', (context) => context.skip('no browser'));", PASSES]);

    const ended = await promisify(execFile)(process.execPath, [join(root, 'scripts/test.ts')], {
      env: { PATH: process.env.PATH, HOME: root, ...COMPILE_CACHE },
    }).catch((error: unknown) => error);

    expect(ended).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/skipped is skipped: no browser\n3 passed, 1 failed, 1 skipped\n$/),
    });
  });

  function writeTest(name: string, lines: readonly string[]): Promise<void> {
    return writeFile(join(root, `${name}.test.js`), ["import { test } from 'vitest';", ...lines].join('\n'));
  }

  // In a process of its own, since this one is a test of vitest's already.
  async function runVitestIn(folder: string, { maxRunMs = 20_000 } = {}): Promise<unknown> {
    const script = `
    import { writeFileSync } from 'node:fs';
    import { runVitest } from '${join(REPOSITORY, 'scripts/test.ts')}';
    writeFileSync('totals.json', JSON.stringify(await runVitest(process.cwd(), ${maxRunMs})));
    process.exit(0);
  `;
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, ...COMPILE_CACHE },
    });
    const { default: totals } = await import(join(folder, 'totals.json'), { with: { type: 'json' } });
    return totals;
  }
});

describe('totals', () => {
  const skipped = [{ name: 'a', reason: 'b' }];

  test('the last line counts what passed, failed and was skipped over all steps', () => {
    const totals = addTotals([
      { passed: 1, failed: 0, skipped: [] },
      { passed: 20, failed: 3, skipped },
    ]);

    expect(formatTotals(totals)).toBe('21 passed, 3 failed, 1 skipped');
  });

  test.each([
    [{ passed: 1, failed: 0, skipped }, true],
    [{ passed: 9, failed: 1, skipped: [] }, false],
    [{ passed: 0, failed: 0, skipped: [] }, false],
    [{ passed: 0, failed: 0, skipped }, false],
  ])('%o is green: %s', (totals, expected) => {
    expect(isGreen(totals)).toBe(expected);
  });
});
