import { spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { VERSION } from '../../lib/core/version.ts';
import { aTemporaryFolder } from '../support/a-temporary-folder.ts';
import { runCliProcess } from '../support/run-cli-process.ts';

const MAIN = join(import.meta.dirname, '../../lib/cli/crisp-enrich.mjs');
// Stands in for an older Node, which the machine may not have.
const AS_NODE_20 = `data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'20.9.0'}})`;

/** The command as an older Node would run it, from a folder where `node_modules/.bin/node` is `ownNode`. */
async function runWithNode20(ownNode?: string) {
  const folder = await aTemporaryFolder();
  const main = join(folder, 'lib/cli/crisp-enrich.mjs');
  await mkdir(join(folder, 'lib/cli'), { recursive: true });
  await copyFile(MAIN, main);
  if (ownNode !== undefined) {
    const bin = join(folder, 'node_modules/.bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, 'node'), ownNode);
    await chmod(join(bin, 'node'), 0o755);
  }
  const child = spawn(process.execPath, ['--import', AS_NODE_20, main, 'dlq', 'list', '--json']);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { text, exitCode };
}

test('an older Node hands over to the Node that the repository brings, with its words and its exit code', async () => {
  const { text, exitCode } = await runWithNode20('#!/bin/sh\nshift\necho "newer Node: $@"\nexit 3\n');

  expect(text).toBe('newer Node: dlq list --json\n');
  expect(exitCode).toBe(3);
});

test('an older Node without another one says what is needed, in one sentence', async () => {
  const { text, exitCode } = await runWithNode20();

  expect(text).toMatch(/^crisp-enrich needs Node ≥ 24, found 20\.9\.0: [^\n]+\n$/);
  expect(exitCode).toBe(1);
});

test('it runs as the command of the package', async () => {
  const { stdout, exitCode } = await runCliProcess(['--version']);

  expect(stdout).toBe(`${VERSION}\n`);
  expect(exitCode).toBe(0);
});

test('without local mode it says how to start one', async () => {
  // Port 9 of this machine: nobody listens to discarded bytes.
  const { stderr, exitCode } = await runCliProcess(['status'], {
    env: { CRISP_ENRICH_URL: 'http://127.0.0.1:9' },
  });

  expect(stderr).toMatch(/^no local mode at http:\/\/127\.0\.0\.1:9: run `npm start`/);
  expect(exitCode).toBe(1);
});

test('an address that is not this machine is refused before anything is asked', async () => {
  const { stderr, exitCode } = await runCliProcess(['status'], {
    env: { CRISP_ENRICH_URL: 'http://192.0.2.1' },
  });

  expect(stderr).toContain('CRISP_ENRICH_URL');
  expect(exitCode).toBe(2);
});

test('without AWS credentials a stage is not looked for, and none of the SDK’s words are shown', async () => {
  const { stderr, exitCode } = await runCliProcess(['status', '--stage', 'prod']);

  expect(stderr).toMatch(/^no AWS credentials found \(looked at environment, profile, single sign-on/);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(exitCode).toBe(1);
});
