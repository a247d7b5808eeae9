import { execFile, spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../lib/cli/commands.ts';
import { foldLines, formatDuration, toSentence } from '../../lib/cli/output.ts';
import { VERSION } from '../../lib/ids.ts';
import { toMoment } from '../../lib/text.ts';
import { createCliScene, runCliProcess } from '../support/cli.ts';
import { aTemporaryFolder } from '../support/files.ts';

describe('crisp enrich', () => {
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

  test('C22 an older Node without another one says what is needed, in one sentence', async () => {
    const { text, exitCode } = await runWithNode20();
    expect(text).toMatch(/^crisp-enrich needs Node ≥ 24, found 20\.9\.0: [^\n]+\n$/);
    expect(exitCode).toBe(1);
  });

  test('it runs as the command of the package', async () => {
    const { stdout, exitCode } = await runCliProcess(['--version']);
    expect(stdout).toBe(`${VERSION}\n`);
    expect(exitCode).toBe(0);
  });

  test('it loads neither a second client for HTTP nor messages in other languages', async () => {
    const watch = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      process.on('exit', () => {
        const languages = loaded.filter((url) => /zod.*locales/.test(url)).length;
        const clients = process.moduleLoadList.filter((name) => name.endsWith('undici/undici')).length;
        console.log(JSON.stringify({ languages, clients, seesZod: loaded.some((url) => url.includes('/zod/')) }));
      });`;
    const { stdout } = await runCliProcess(['status'], {
      env: {
        CRISP_ENRICH_URL: 'http://127.0.0.1:9',
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(watch)}`,
      },
    });

    expect(JSON.parse(stdout)).toEqual({ languages: 0, clients: 0, seesZod: true });
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

  test('C11 without AWS credentials a stage is not looked for, and none of the SDK’s words are shown', async () => {
    const { stderr, exitCode } = await runCliProcess(['status', '--stage', 'prod']);
    expect(stderr).toMatch(/^no AWS credentials found \(looked at environment, profile, single sign-on/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(exitCode).toBe(1);
  });
});

describe('usage', () => {
  test('without a word the help is shown, as an error', async () => {
    const { run, out, err } = createCliScene();
    expect(await run()).toBe(2);
    expect(out()).toBe('');
    for (const { name } of COMMANDS) expect(err()).toContain(`  ${name}`);
  });

  test.each([
    [['--help']],
    [['-h']],
    [['help']],
    [['dlq', 'list', '--help']],
    [['dlq', 'list', '-h']],
    [['help', 'dlq', 'list']],
    [['dlq', '--help']],
  ])('%j shows help and does nothing', async (args) => {
    const { run, out, targets } = createCliScene();
    expect(await run(...args)).toBe(0);
    expect(out()).toContain('crisp-enrich');
    expect(targets).toEqual([]);
  });

  test('every option and every example of every command is in its help', async () => {
    for (const { name, load } of COMMANDS) {
      const { run, out } = createCliScene();
      const { options, examples } = (await load()).command;

      await run(...name.split(' '), '--help');

      for (const option of Object.keys(options)) expect(out()).toContain(`--${option}`);
      for (const example of examples) expect(out()).toContain(`  npx crisp-enrich ${example}\n`);
    }
  });

  test('with --json a failure is JSON, too, and on standard error', async () => {
    const { run, out, err } = createCliScene();

    expect(await run('dlq', 'list', '--json', '--rows', 'x')).toBe(2);
    expect(out()).toBe('');
    expect(JSON.parse(err())).toEqual({
      error: { code: 'usage', message: "--rows must be 0–1000000 rows, got 'x'" },
    });
  });

  test('C23 every problem of the configuration is told at once', async () => {
    const { run, err } = createCliScene({
      environment: { COALESCE_SECONDS: '0', CRISP_ENRICH_URL: 'http://192.0.2.1' },
    });

    expect(await run('status')).toBe(2);
    expect(err()).toContain('COALESCE_SECONDS');
    expect(err()).toContain('CRISP_ENRICH_URL');
  });
});

describe('text', () => {
  test('a sentence is one line, whatever a text holds, and of bounded length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const sentence = toSentence(text);

        expect(sentence).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u);
        expect([...sentence].length).toBeLessThanOrEqual(161);
      }),
    );
  });

  test.each([
    ['\u001b[2Jgone', '\\u001b[2Jgone'],
    ['two\nlines', 'two\\u000alines'],
    ['Grüße, 東京', 'Grüße, 東京'],
    ['x'.repeat(200), `${'x'.repeat(160)}…`],
  ])('%j is shown as %s', (text, sentence) => expect(toSentence(text)).toBe(sentence));

  test.each([
    [undefined, '-'],
    [-5, '0s'],
    [999, '1s'],
    [59_000, '59s'],
    [61_000, '1m 1s'],
    [3_600_000, '1h'],
    [3 * 3_600_000 + 125_000, '3h 2m'],
    [14 * 86_400_000, '14d'],
    [13 * 86_400_000 + 23 * 3_600_000, '13d 23h'],
  ])('%d ms are %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  test('a moment is told to the second, and a number that is none is no moment', () => {
    expect(toMoment(1_790_856_000_999)).toBe('2026-10-01T12:00:00Z');
    expect(toMoment(undefined)).toBeUndefined();
    expect(toMoment(Number.MAX_SAFE_INTEGER)).toBeUndefined();
  });

  test.each([
    ['a line that fits', 'x'.repeat(40), 'x'.repeat(40)],
    ['a sentence', `${'word '.repeat(9)}end`, `${'word '.repeat(7)}word\n    word end`],
    [
      'the padding of a table',
      `${'m'.repeat(36)}  ${'s'.repeat(30)}    1`,
      `${'m'.repeat(36)}\n    ${'s'.repeat(30)}    1`,
    ],
    [
      'characters that take two columns',
      `${'漢'.repeat(15)} ${'漢'.repeat(15)}`,
      `${'漢'.repeat(15)}\n    ${'漢'.repeat(15)}`,
    ],
    [
      'a command between backticks',
      `run this, please do: \`dlq drop --all --yes\` now`,
      'run this, please do:\n    `dlq drop --all --yes` now',
    ],
    [
      'a line that is a command',
      `  npx crisp-enrich dlq drop --all --yes --confirm name`,
      '  npx crisp-enrich dlq drop --all --yes --confirm name',
    ],
    ['a word that is longer than the terminal', `a ${'w'.repeat(60)} b`, `a\n    ${'w'.repeat(60)}\n    b`],
    [
      'each line for itself',
      `one\n${'two '.repeat(11)}\nthree\n`,
      `one\n${'two '.repeat(10).trimEnd()}\n    two\nthree\n`,
    ],
  ])('%s is broken where the terminal ends, between words', (_case, text, folded) => {
    expect(foldLines(text, 40)).toBe(folded);
  });

  test('whatever the text, folding changes white space alone', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.integer({ min: 1, max: 120 }),
        (text, width) => {
          expect(foldLines(text, width).replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
        },
      ),
    );
  });
});

describe('loading', () => {
  const MAIN = join(import.meta.dirname, '../../lib/cli/main.ts');

  // Prints the packages of all modules that were loaded, when the process ends.
  const PRINTING_PACKAGES = `data:text/javascript,${encodeURIComponent(`
    import { registerHooks } from 'node:module';
    const packages = new Set();
    registerHooks({
      load(url, context, next) {
        packages.add(/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]);
        return next(url, context);
      },
    });
    process.on('exit', () => console.error(JSON.stringify([...packages].filter(Boolean))));
  `)}`;

  test('no help and no refusal of a word loads a package but the parser of the command line', async () => {
    const asked = ['--help', 'nonsense', ...COMMANDS.map(({ name }) => `${name} --help`)];
    // The entry once a question, all in one process: what any of them loads is seen.
    const script = `for (const [place, words] of ${JSON.stringify(asked)}.entries()) {
      process.argv = ['node', 'crisp-enrich', ...words.split(' ')];
      await import('${MAIN}?' + place);
    }`;
    const options = ['--import', PRINTING_PACKAGES, '--input-type=module', '--eval', script];

    const { stdout, stderr } = await promisify(execFile)(process.execPath, options);

    expect(stdout.match(/^usage/gim)).toHaveLength(asked.length - 1);
    expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '')).toEqual(['commander']);
  });
});
