import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { describe, expect, test } from 'vitest';
import { formatRecord } from '../../lib/cli/commands/get.ts';
import { writeReports } from '../../lib/cli/commands/reconcile-output.ts';
import { COMMANDS } from '../../lib/cli/commands.ts';
import { fitToTerminal, openOutput } from '../../lib/cli/output.ts';
import { openProgress } from '../../lib/cli/progress.ts';
import { sayFailure } from '../../lib/cli/run.ts';
import { JobError } from '../../lib/errors.ts';
import { createCliScene, MAIN } from '../support/cli.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

interface TerminalOptions {
  /** False: a pipe or a file. */
  readonly isTerminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** A stream that keeps what is written to it. */
function aStream({ isTerminal = true, env = { TERM: 'xterm-256color' } }: TerminalOptions = {}) {
  const stream = new PassThrough();
  const chunks: string[] = [];
  stream.on('data', (chunk) => chunks.push(String(chunk)));
  const terminal = {
    isTTY: true,
    columns: 120,
    getColorDepth: () => WriteStream.prototype.getColorDepth(env),
  };
  return { stream: Object.assign(stream, isTerminal ? terminal : {}), text: () => chunks.join('') };
}

function anOutput(options?: TerminalOptions) {
  const [stdout, stderr] = [aStream(options), aStream(options)];
  const stop = new AbortController();
  const streams = { stdout: stdout.stream, stderr: stderr.stream };
  const output = openOutput(streams, { onEnd: () => stop.abort(), signal: stop.signal });
  return { output, stdout, stderr, stop };
}

describe('a reader that has seen enough', () => {
  test('C21 ends the command, and hears no more', async () => {
    const { output, stdout, stderr, stop } = anOutput({ isTerminal: false });

    stdout.stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await output.write('more');
    output.warn('and more');

    expect(output.isClosed()).toBe(true);
    expect(stop.signal.aborted).toBe(true);
    expect(stderr.text()).toBe('');
  });

  test('is not one that has no room: the command fails, and says why', async () => {
    const { output, stdout, stop } = anOutput({ isTerminal: false });

    stdout.stream.emit('error', Object.assign(new Error('no space'), { code: 'ENOSPC' }));
    await output.write('more');

    expect(output.isClosed()).toBe(false);
    expect(stop.signal.aborted).toBe(true);
    expect(output.failure()).toMatchObject({
      code: 'file_unwritable',
      message: 'standard output cannot be written (ENOSPC)',
    });
  });

  test.runIf(existsSync('/dev/full')).each([
    ['a command', MAIN, 'standard output cannot be written (ENOSPC)\n'],
    ['local mode', join(import.meta.dirname, '../../lib/local/main.ts'), ''],
  ])('a full disk ends %s with 1', async (_title, main, said) => {
    const disk = await open('/dev/full', 'w');
    const { stderr, status } = spawnSync(process.execPath, [main, '--help'], {
      stdio: ['ignore', disk.fd, 'pipe'],
      encoding: 'utf8',
    });
    await disk.close();

    expect([status, stderr]).toEqual([1, said]);
  });
});

describe('colours', () => {
  const TABLE = 'STARTED  OUTCOME  WHY\n12:00    failed   it failed once\n13:00    emitted\n';
  const [BOLD, RED, GREEN] = ['\u001b[1m', '\u001b[31m', '\u001b[32m'];

  test('mark the head of a table, and how things went, on a terminal', async () => {
    const { output, stdout, stderr } = anOutput();
    const fitted = fitToTerminal(output);

    await fitted.write(TABLE);
    fitted.fail('it is gone\nsee the log');

    expect(stdout.text()).toContain(`${BOLD}STARTED  OUTCOME  WHY`);
    expect(stdout.text()).toContain(`12:00    ${RED}failed\u001b[39m   it failed once`);
    expect(stdout.text()).toContain(`${GREEN}emitted`);
    expect(stderr.text()).toBe(`${RED}it is gone\u001b[39m\nsee the log\n`);
  });

  test.each([
    ['a pipe', { isTerminal: false }, false],
    ['a terminal with NO_COLOR', { env: { NO_COLOR: '1', TERM: 'xterm-256color' } }, false],
    ['a terminal that has none', { env: { TERM: 'dumb' } }, false],
    ['a terminal', {}, true],
  ])('%s', async (_title, options: TerminalOptions, isColored) => {
    const { output, stdout } = anOutput(options);
    await fitToTerminal(output).write(TABLE);
    expect(stdout.text() === TABLE).toBe(!isColored);
  });

  test('touch no data', async () => {
    const { output, stdout } = anOutput();
    await fitToTerminal(output, { isData: true }).write(TABLE);
    expect(stdout.text()).toBe(TABLE);
  });
});

test('a conversation is shown inert, and no line of a message looks like another message', () => {
  const hostile = '\u001b]0;owned\u0007\u202e<script>\n2026-10-01T12:00:00Z  operator  Your password?';
  const shown = formatRecord({
    session_id: 'session_a',
    website_id: 'w',
    version: 1_790_856_000_000,
    meta: { nickname: '\u001b[2J' },
    messages: [
      { timestamp: 1_790_856_000_000, from: 'user', type: 'text', content: hostile },
      { timestamp: 1_790_856_001_000, from: 'operator', type: 'file', content: { name: 'a.pdf' } },
    ],
  });

  expect(shown.split('\n')).toEqual([
    'session  session_a of website w',
    'version  1790856000000 of 2026-10-01T12:00:00Z',
    'visitor  \\u001b[2J',
    '',
    '2026-10-01T12:00:00Z  user      \\u001b]0;owned\\u0007\\u202e<script>',
    '    2026-10-01T12:00:00Z  operator  Your password?',
    '2026-10-01T12:00:01Z  operator  [file] {"name":"a.pdf"}',
    '',
  ]);
});

describe('progress', () => {
  const START_MS = 1_790_856_000_000;

  async function follow(options: TerminalOptions, { isJson = false } = {}) {
    const clock = createVirtualClock(START_MS);
    const { output, stdout, stderr } = anOutput(options);
    const progress = await openProgress({ output, clock, isJson }, { what: 'messages moved' });
    for (const [seconds, done] of [
      [1, 2],
      [6, 12],
      [7, 14],
      [20, 40],
    ] as const) {
      await clock.advance(START_MS + seconds * 1000 - clock.nowMs());
      progress.show({ done, share: done / 100 });
    }
    progress.end();
    expect(stdout.text()).toBe('');
    return stderr.text();
  }

  test('is a bar with rate and time left on a terminal, and is taken away', async () => {
    const shown = await follow({});

    expect(shown).toContain('[........................] 0 %  0 messages moved');
    expect(shown).toContain('[##########..............] 40 %  40 messages moved, 2.0/s, 30s left');
    // The cursor is shown again, and the line is empty.
    expect(shown).toContain('\u001b[?25h');
  });

  test('is a line every few seconds where no terminal is', async () => {
    expect(await follow({ isTerminal: false })).toBe(
      '12 messages moved, 2.0/s, 44s left\n40 messages moved, 2.0/s, 30s left\n',
    );
  });

  test('is nothing in the form for programs', async () => {
    expect(await follow({}, { isJson: true })).toBe('');
  });
});

test('the code of a job stands with the place that explains it', () => {
  const { output, stderr } = anOutput({ isTerminal: false });
  expect(sayFailure(new JobError('crisp_timeout', { hint: 'no answer' }), [], output)).toBe(1);
  expect(stderr.text()).toBe('crisp_timeout (no answer); docs/errors.md explains the code\n');
});

test('one request is one request', async () => {
  const { output, stdout } = anOutput({ isTerminal: false });
  await writeReports({ isJson: false, output }, [], { calls: 1, isDryRun: false });
  expect(stdout.text()).toBe('1 request to Crisp.\n');
});

describe('completion', () => {
  async function script(shell: string): Promise<string> {
    const { run, out } = createCliScene();
    expect(await run('completion', shell)).toBe(0);
    return out();
  }

  /** What bash offers after these words. */
  async function complete(...words: string[]): Promise<string[]> {
    const line = ['crisp-enrich', ...words].map((word) => `'${word}'`).join(' ');
    const program = `${await script('bash')}
COMP_WORDS=(${line}); COMP_CWORD=${words.length}
_crisp_enrich; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', program], { encoding: 'utf8' }).split('\n').filter(Boolean);
  }

  test('offers commands, the second words of a group, and the options of a command', async () => {
    expect(await complete('')).toContain('trace');
    expect(await complete('')).toContain('records');
    expect(await complete('dl')).toEqual(['dlq']);
    expect((await complete('dlq', '')).toSorted()).toEqual(['drop', 'export', 'list', 'redrive', 'show']);
    expect(await complete('dlq', 'redrive', '--ra')).toEqual(['--rate']);
    expect(await complete('trace', 'session_a', '--we')).toEqual(['--website']);
    expect(await complete('dlq', '--json', 'redrive', '--cancel', '--ye')).toEqual(['--yes']);
  });

  test('of fish has every help in one piece, quotes and all', async () => {
    // Within single quotes fish knows \\\\ and \\', and nothing else.
    const lines = (await script('fish')).trimEnd().split('\n');
    for (const line of lines) expect(line).toMatch(/^(?:[^'\\]|'(?:[^'\\]|\\['\\])*'(?= |$))*$/);
    expect(lines.join('\n')).toContain("'the machine\\'s form of the output'");
  });

  test.each(['bash', 'zsh', 'fish'])('of %s has every command with its options', async (shell) => {
    const text = await script(shell);
    for (const { name } of COMMANDS) for (const word of name.split(' ')) expect(text).toContain(word);
    expect(text).toContain('max-redrives');
  });
});
