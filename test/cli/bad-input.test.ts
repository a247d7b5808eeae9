import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findRedriveProblem } from '../../lib/dead-letters/filter.ts';
import { parseLocalOptions, UsageError } from '../../lib/local/options.ts';
import { WEBSITE_ID } from '../support/builders.ts';
import { createCliScene, runCliProcess } from '../support/cli.ts';
import { letters } from '../support/dead-letter-scene.ts';
import { aTemporaryFolder } from '../support/files.ts';

type Row = readonly [row: string, args: readonly string[], exitCode: 1 | 2, message: string | RegExp];

const REDRIVE = ['dlq', 'redrive'];
const TIMES = 'is not a date or duration; examples: 2h, 3d, 2026-11-22T10:00Z';
const CODES = '--code must be a code, or the beginning of one with a * behind it';
const FROM = "--from must be undelivered or dlq, got 'sessions'";
const NO_SECRET = /^unknown option '--[-a-z]+'. Pass secrets by .*visible to other users/;
const DROP_WHAT = 'say what to drop: --all, or a filter such as --code or --id, and not both';
const SESSION = `${WEBSITE_ID}:session_a`;
/** What is refused before anything is asked. */
const UNASKED = ['C1', 'C2', 'C4', 'C5', 'C6', 'C7', 'C13', 'C18'];

const ROWS: readonly Row[] = [
  ['C1', [], 2, /^Usage: crisp-enrich COMMAND/],
  ...(
    [
      [['redirve'], "unknown command 'redirve'. Did you mean 'dlq redrive'?"],
      [['redirve', '--yes'], "unknown command 'redirve'. Did you mean 'dlq redrive'?"],
      [['dlq', 'redirve'], "unknown command 'dlq redirve'. Did you mean 'dlq redrive'?"],
      [['record', 'redrive'], "unknown command 'record redrive'. Did you mean 'records redrive'?"],
      [['sesions', 'list'], "unknown command 'sesions list'. Did you mean 'sessions list'?"],
      [['trcae', 'session_a'], "unknown command 'trcae'. Did you mean 'trace'?"],
      [['frobnicate'], "unknown command 'frobnicate'; see --help"],
      [['dlq'], 'say which: dlq list, dlq show, dlq redrive, dlq drop, dlq export'],
      [['records', '--yes'], 'say which: records redrive'],
      [['help', 'trcae'], "unknown command 'trcae'. Did you mean 'trace'?"],
      [['frobnicate', '--help'], "unknown command 'frobnicate'; see --help"],
      [['help', 'dlq', 'lst'], "unknown command 'dlq lst'. Did you mean 'dlq list'?"],
      [['\u001b[2J'], "unknown command '\\u001b[2J'; see --help"],
      [['--stage', 'prod', 'dlq', 'list'], 'say the command first, then its options; see --help'],
      [['dlq', 'list', 'session_a'], "dlq list takes no 'session_a'; see `npx crisp-enrich dlq list --help`"],
      [['dlq', 'list', '--cde', 'x'], "unknown option '--cde'. Did you mean '--code'?"],
      [['dlq', 'list', '-x'], "unknown option '-x'; see --help"],
      [['dlq', 'list', '--code'], '--code needs a value: --code CODE'],
      [['dlq', 'list', '--code', '--max'], '--code needs a value: --code CODE'],
      [['dlq', 'list', '--json=yes'], '--json takes no value'],
      [['dlq', 'list', '--code', 'a', '--code', 'b'], '--code was given more than once'],
    ] as const
  ).map(([args, message]): Row => ['C2', args, 2, message]),
  ...['0', '-1', '1e9', 'abc', '', '501', '1.5', 'NaN'].flatMap((rate): Row[] => [
    ['C4', [...REDRIVE, '--rate', rate], 2, `--rate must be 1–500 messages/second, got '${rate}'`],
    ['C4', ['records', 'redrive', '--rate', rate], 2, `--rate must be 1–500 records/second, got '${rate}'`],
  ]),
  ['C4', [...REDRIVE, '--rate', '٣'], 2, "--rate must be 1–500 messages/second, got '\\u0663'"],
  ...['1.5', 'NaN', '0', '-1', 'Infinity'].map(
    (max): Row => ['C5', [...REDRIVE, '--max', max], 2, `--max must be 1–1000000 messages, got '${max}'`],
  ),
  ...['banana', '2026-13-01', '2026-02-31', '2026-11-22T10:00', '-2h', '2', '', '99999999d'].map(
    (time): Row => ['C6', ['dlq', 'list', '--since', time], 2, `--since '${time}' ${TIMES}`],
  ),
  ['C6', ['dlq', 'list', '--since', '2099-01-01'], 2, "--since '2099-01-01' is in the future"],
  ...['pro duction', 'a'.repeat(200), 'Prod', '../x', ''].map(
    (stage): Row => ['C7', ['status', '--stage', stage], 2, /^--stage must be up to 20 lower-case letters/],
  ),
  ...['(a+)+$', '.*', 'a b', '*'].map(
    (code): Row => ['C13', ['dlq', 'list', '--code', code], 2, `${CODES}, got '${code}'`],
  ),
  ['C14', ['dlq', 'show', 'nobody'], 1, 'no message with id nobody in the first 3 peeked'],
  ['C15', ['dlq', 'drop', '--all', '--yes'], 2, /^nothing deleted: consent is the queue's name/],
  ['C15', ['dlq', 'drop', '--all', '--yes', '--confirm', 'another'], 2, /^nothing deleted: consent is/],
  ['C15', ['dlq', 'drop', '--yes'], 2, DROP_WHAT],
  ['C15', ['dlq', 'drop', '--all', '--code', 'x', '--yes'], 2, DROP_WHAT],
  ['C17', ['enqueue', '--file', '/nowhere/sessions.txt'], 1, /sessions\.txt cannot be read \(ENOENT\)$/],
  ...['--token', '--crisp-token-key', '--secret', '--aws-secret-access-key', '--password'].flatMap(
    (option): Row[] => [
      ['C18', ['status', `${option}=whsec_1`], 2, NO_SECRET],
      ['C18', ['status', option, 'whsec_1'], 2, NO_SECRET],
    ],
  ),
  ['C18', ['hook', 'send', SESSION, '--secret', 'whsec_1'], 2, /^unknown option '--secret'. Pass secrets by/],
  ...['../../x', 'session_../x', 'session_', `${WEBSITE_ID}:nothing`].map(
    (session): Row => ['C19', ['enqueue', session], 2, /^session_id_invalid: /],
  ),
  ['C19', ['enqueue', 'session_a', `${WEBSITE_ID}:..`], 2, /^session_id_invalid/],
  ['C19', ['trace', 'session_%2e%2e'], 2, /^session_id_invalid/],
  // As the terminal shows it: what is asked for is all of it.
  ['C19', ['trace', 'session_8db39ce2…'], 2, /such as session_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
  ['C19', ['runs', 'nonsense:session_a'], 2, /^website_id_invalid/],
  ['C19', ['runs', 'session_a', '--website', 'x'], 2, /^website_id_invalid/],
  ['C19', ['runs'], 2, /^say which session/],
  ['C19', ['runs', 'session_a', 'session_b'], 2, /^say which session/],
  ['C19', ['enqueue'], 2, /^say which sessions/],
  ['C19', ['dlq', 'show'], 2, /^say which message/],
  ['C19', ['get', '../../x'], 2, /^session_id_invalid: /],
  ['C19', ['hook', 'send', 'nothing:session_a'], 2, /^website_id_invalid: /],
  // Of the commands that came later.
  ['C4', ['sessions', 'export', '--resume'], 2, '--resume needs --output FILE, and no --force'],
  ['C4', ['records', 'redrive', '--from', 'sessions'], 2, FROM],
  ['C4', ['completion'], 2, 'say which shell: bash, zsh, fish'],
  ['C4', ['completion', 'tcsh'], 2, 'say which shell: bash, zsh, fish'],
  ['C4', ['get', SESSION, '--fetch', '--version', '1'], 2, /^--fetch or --version, not both/],
  ['C4', ['hook', 'send', SESSION, '--event', 'A B'], 2, /^--event must be the name of an event/],
];

test.each(ROWS)('%s %j exits with %i', async (row, args, exitCode, message) => {
  const [plain, machine] = [createCliScene(), createCliScene()];
  for (const { queue } of [plain, machine]) queue.bury(...letters(3));

  expect(await plain.run(...args)).toBe(exitCode);
  expect(plain.out()).toBe('');
  if (UNASKED.includes(row)) expect(plain.targets).toEqual([]);
  if (typeof message === 'string') expect(plain.err()).toBe(message);
  else expect(plain.err()).toMatch(message);
  expect(plain.err()).not.toMatch(/whsec_1|TypeError| at .*\.ts/);
  expect(plain.queue.visibleIds()).toHaveLength(3);
  if (args.length === 0) return;
  expect(await machine.run(...args, '--json')).toBe(exitCode);
  expect(machine.out()).toBe('');
  expect(Object.keys(JSON.parse(machine.err()))).toEqual(['error']);
});

test.each([
  ['C3', REDRIVE],
  ['C3', ['records', 'redrive']],
])('%s %j without --yes moves nothing, says so, and exits with 0', async (_row, args) => {
  const { run, out, queue } = createCliScene({ dead: 3 });
  expect(await run(...args)).toBe(0);
  expect(out()).toContain('nothing moved; add --yes\n');
  expect(queue.visibleIds()).toHaveLength(3);
});

const QUEUES = 'https://sqs.eu-west-1.amazonaws.com/123456789012';

test.each([
  ['C9', `${QUEUES}/a.fifo`, `${QUEUES}/a.fifo`, 'queues_equal'],
  ['C10', `${QUEUES}/a`, `${QUEUES}/b.fifo`, 'queue_types_differ'],
])('%s a redrive from %s to %s is refused', (_row, sourceUrl, destinationUrl, code) => {
  expect(findRedriveProblem({ sourceUrl, destinationUrl })).toMatchObject({ code });
});

describe('files', () => {
  test.each([
    ['C16', 'a file that exists', 'taken.jsonl', /exists; add --force to replace it$/, 2],
    ['C16', 'a folder', 'folder', /is not a plain file$/, 2],
    ['C16', 'a place that is none', 'nowhere/file', /cannot be written \(ENOENT\)$/, 1],
  ] as const)('%s %s is no place for an export', async (_row, _title, name, message, exitCode) => {
    const folder = await aTemporaryFolder();
    await writeFile(join(folder, 'taken.jsonl'), 'mine');
    await mkdir(join(folder, 'folder'));
    for (const group of ['dlq', 'sessions']) {
      const { run, err } = createCliScene();

      expect(await run(group, 'export', '--output', join(folder, name))).toBe(exitCode);
      expect(err()).toMatch(message);
    }
  });

  test.each([
    ['C17', 'an empty file', '', 'the file is empty: nothing to enqueue', 1],
    ['C17', 'a binary file', new Uint8Array([0xff, 0xfe, 0x00]), /line 1 or soon after: not UTF-8 text$/, 1],
    ['C17', 'a file without line ends', 'x'.repeat(200_000), /line 1: longer than 16384 characters/, 1],
    ['C17', 'one bad line', `${SESSION}\nnonsense\n`, /^line 2: session_id_invalid: /, 3],
  ] as const)('%s %s is told, with its line', async (_row, _title, content, message, exitCode) => {
    const { run, err } = createCliScene();
    const path = join(await aTemporaryFolder(), 'sessions.txt');
    await writeFile(path, content);

    expect(await run('enqueue', '--file', path)).toBe(exitCode);
    if (typeof message === 'string') expect(err()).toBe(message);
    else expect(err()).toMatch(message);
  });

  test('C17 a folder is no file of sessions', async () => {
    const { run, err } = createCliScene();
    expect(await run('enqueue', '--file', await aTemporaryFolder())).toBe(1);
    expect(err()).toMatch(/ is a folder$/);
  });

  test('C17 a file that another wrote is not added to', async () => {
    const { run, err } = createCliScene();
    const path = join(await aTemporaryFolder(), 'other.txt');
    await writeFile(path, 'mine\n');

    expect(await run('sessions', 'export', '--output', path, '--resume')).toBe(2);
    expect(err()).toMatch(/other\.txt, line 1: no line of an export$/);
  });
});

test('C20 what a terminal would obey is shown as text', async () => {
  const { run, out, err, queue, failureNotes } = createCliScene();
  queue.bury({ messageId: 'poison', body: '\u001b]0;owned\u0007\u202e<script>' });
  const hint = 'bell \u0007, \u001b]0;title\u0007, \u202eright to left';
  const failure = { code: 'crisp_error', detail: 'x\u001b[2J', hint, status: 200 } as const;
  const weight = { spendsAttempt: false, isPermanent: true, maxAttempts: 5, nowMs: 1_790_856_000_000 };
  await failureNotes.noteFailure('poison', failure, weight);

  await run('dlq', 'list');
  await run('dlq', 'show', 'poison');
  await run('dlq', 'export');
  await run('enqueue', '\u001b[2J');

  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  expect(out() + err()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  for (const text of ['owned', 'title']) expect(out()).toContain(`\\u001b]0;${text}`);
});

test('C24 a queue elsewhere is not local mode’s', async () => {
  const { stderr, exitCode } = await runCliProcess(['dlq', 'redrive', '--yes'], {
    env: {
      CRISP_ENRICH_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-prod-sessions.fifo',
    },
  });

  expect(stderr).toContain('CRISP_ENRICH_URL');
  expect(exitCode).toBe(2);
});

test.each([
  ['C25', '80'],
  ['C25', '70000'],
  ['C25', 'abc'],
])('%s local mode takes no port %s', (_row, port) => {
  expect(() => parseLocalOptions(['--port', port])).toThrow(
    new UsageError(`--port must be 0 or 1024–65535, got '${port}'`),
  );
});
