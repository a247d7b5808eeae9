import { expect, test } from 'vitest';
import { COMMANDS } from '../../lib/cli/commands.ts';
import { createCliScene } from '../support/create-cli-scene.ts';

const UUID = '8c842203-7ed8-4e29-a608-7cf78a7d2fcc';

test('without a word the help is shown, as an error', async () => {
  const { run, out, err } = createCliScene();

  expect(await run()).toBe(2);
  expect(out()).toBe('');
  for (const { name } of COMMANDS) expect(err()).toContain(`  ${name}`);
});

test.each([[['--help']], [['-h']], [['help']], [['dlq', 'list', '--help']], [['dlq', 'list', '-h']]])(
  '%j shows help and does nothing',
  async (args) => {
    const { run, out, targets } = createCliScene();

    expect(await run(...args)).toBe(0);
    expect(out()).toContain('crisp-enrich');
    expect(targets).toEqual([]);
  },
);

test('every option of every command is in its help', async () => {
  for (const { name, options } of COMMANDS) {
    const { run, out } = createCliScene();

    await run(...name.split(' '), '--help');

    for (const option of Object.keys(options)) expect(out()).toContain(`--${option}`);
  }
});

test.each([
  [['redirve'], "unknown command 'redirve'. Did you mean 'dlq redrive'?"],
  [['dlq', 'lst'], "unknown command 'dlq lst'. Did you mean 'dlq list'?"],
  [['stauts'], "unknown command 'stauts'. Did you mean 'status'?"],
  [['dlq'], "unknown command 'dlq'; see --help"],
  [['qwertyuiop'], "unknown command 'qwertyuiop'; see --help"],
  [['\u001b[2J'], "unknown command '\\u001b[2J'; see --help"],
  [['--stage', 'prod', 'dlq', 'list'], 'say the command first, then its options; see --help'],
  [['dlq', 'list', 'session_a'], "dlq list takes no 'session_a'; see `dlq list --help`"],
  [['dlq', 'list', '--cde', 'x'], "unknown option '--cde'. Did you mean '--code'?"],
  [['dlq', 'list', '-x'], "unknown option '-x'; see --help"],
  [['dlq', 'list', '--code'], '--code needs a value: --code CODE'],
  [['dlq', 'list', '--code', '--max'], '--code needs a value: --code CODE'],
  [['dlq', 'list', '--json=yes'], '--json takes no value'],
  [['dlq', 'list', '--code', 'a', '--code', 'b'], '--code was given more than once'],
])('%j is not understood', async (args, sentence) => {
  const { run, err, out, targets } = createCliScene();

  expect(await run(...args)).toBe(2);
  expect(err()).toBe(sentence);
  expect(out()).toBe('');
  expect(targets).toEqual([]);
});

test.each(['0', '-1', '1e9', 'abc', '', '501', '1.5', 'NaN', '٣'])(
  'a rate of %j is refused',
  async (rate) => {
    const { run, err } = createCliScene();

    expect(await run('dlq', 'redrive', '--rate', rate)).toBe(2);
    const shown = rate === '٣' ? '\\u0663' : rate;
    expect(err()).toBe(`--rate must be 1–500 messages/second, got '${shown}'`);
  },
);

test.each(['0', '1.5', 'NaN', '-1', 'Infinity'])('a maximum of %j is refused', async (max) => {
  const { run, err } = createCliScene();

  expect(await run('dlq', 'list', '--max', max)).toBe(2);
  expect(err()).toBe(`--max must be 1–1000000 messages, got '${max}'`);
});

test.each(['banana', '2026-13-01', '2026-02-31', '2026-11-22T10:00', '-2h', '2', '', '99999999d'])(
  'a time of %j is refused',
  async (since) => {
    const { run, err } = createCliScene();

    expect(await run('dlq', 'list', '--since', since)).toBe(2);
    expect(err()).toBe(`--since '${since}' is not a date or duration; examples: 2h, 3d, 2026-11-22T10:00Z`);
  },
);

test('a time in the future is refused', async () => {
  const { run, err } = createCliScene();

  expect(await run('dlq', 'list', '--since', '2999-01-01')).toBe(2);
  expect(err()).toBe("--since '2999-01-01' is in the future");
});

test.each(['(a+)+$', '.*', 'a b', '*'])(
  'a code of %j is refused: nobody’s expression is run',
  async (code) => {
    const { run, err } = createCliScene();

    expect(await run('dlq', 'list', '--code', code)).toBe(2);
    expect(err()).toBe(`--code must be a code, or the beginning of one with a * behind it, got '${code}'`);
  },
);

test.each(['pro duction', 'a'.repeat(200), 'Prod', '../x', ''])('a stage of %j is refused', async (stage) => {
  const { run, err, targets } = createCliScene();

  expect(await run('status', '--stage', stage)).toBe(2);
  expect(err()).toMatch(/^--stage must be up to 20 lower-case letters/);
  expect(targets).toEqual([]);
});

test.each(['--token', '--crisp-token-key', '--secret', '--aws-secret-access-key', '--password'])(
  'a secret as %s is refused, and not repeated',
  async (option) => {
    const { run, err } = createCliScene();

    for (const args of [[`${option}=canary-secret`], [option, 'canary-secret']]) {
      expect(await run('status', ...args)).toBe(2);
    }
    expect(err()).toContain('options are visible to other users');
    expect(err()).not.toContain('canary');
  },
);

test.each([
  [['enqueue', '../../x'], /^session_id_invalid: '\.\.\/\.\.\/x'/],
  [['enqueue', 'session_a', `${UUID}:..`], /^session_id_invalid/],
  [['trace', 'session_%2e%2e'], /^session_id_invalid/],
  [['runs', 'nonsense:session_a'], /^website_id_invalid/],
  [['runs', 'session_a', '--website', 'x'], /^website_id_invalid/],
  [['runs'], /^say which session/],
  [['runs', 'session_a', 'session_b'], /^say which session/],
  [['enqueue'], /^say which sessions/],
  [['dlq', 'show'], /^say which message/],
])('%j names no session or message', async (args, sentence) => {
  const { run, err } = createCliScene();

  expect(await run(...args)).toBe(2);
  expect(err()).toMatch(sentence);
});

test('with --json a failure is JSON, too, and on standard error', async () => {
  const { run, out, err } = createCliScene();

  expect(await run('dlq', 'list', '--json', '--rows', 'x')).toBe(2);
  expect(out()).toBe('');
  expect(JSON.parse(err())).toEqual({
    error: { code: 'usage', message: "--rows must be 0–1000000 rows, got 'x'" },
  });
});

test('every problem of the configuration is told at once', async () => {
  const { run, err } = createCliScene({
    environment: { COALESCE_SECONDS: '0', CRISP_ENRICH_URL: 'http://192.0.2.1' },
  });

  expect(await run('status')).toBe(2);
  expect(err()).toContain('COALESCE_SECONDS');
  expect(err()).toContain('CRISP_ENRICH_URL');
});
