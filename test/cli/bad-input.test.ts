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
const SESSION = `${WEBSITE_ID}:session_a`;

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
    ] as const
  ).map(([args, message]): Row => ['C2', args, 2, message]),
  ...['0', '-1', '1e9', 'abc', '', '501'].flatMap((rate): Row[] => [
    ['C4', [...REDRIVE, '--rate', rate], 2, `--rate must be 1–500 messages/second, got '${rate}'`],
    ['C4', ['records', 'redrive', '--rate', rate], 2, `--rate must be 1–500 records/second, got '${rate}'`],
  ]),
  ...['1.5', 'NaN', '0', '-1'].map(
    (max): Row => ['C5', [...REDRIVE, '--max', max], 2, `--max must be 1–1000000 messages, got '${max}'`],
  ),
  ...['banana', '2026-13-01', '2026-11-22T10:00'].map(
    (time): Row => ['C6', ['dlq', 'list', '--since', time], 2, `--since '${time}' ${TIMES}`],
  ),
  ['C6', ['dlq', 'list', '--since', '2099-01-01'], 2, "--since '2099-01-01' is in the future"],
  ...['pro duction', 'a'.repeat(200), ''].map(
    (stage): Row => ['C7', ['status', '--stage', stage], 2, /^--stage must be up to 20 lower-case letters/],
  ),
  ['C13', ['dlq', 'list', '--code', '(a+)+$'], 2, /^--code must be a code, or the beginning of one/],
  ['C14', ['dlq', 'show', 'nobody'], 1, 'no message with id nobody in the first 3 peeked'],
  ['C15', ['dlq', 'drop', '--all', '--yes'], 2, /^nothing deleted: consent is the queue's name/],
  ['C15', ['dlq', 'drop', '--all', '--yes', '--confirm', 'another'], 2, /^nothing deleted: consent is/],
  [
    'C15',
    ['dlq', 'drop', '--yes'],
    2,
    'say what to drop: --all, or a filter such as --code or --id, and not both',
  ],
  ['C17', ['enqueue', '--file', '/nowhere/sessions.txt'], 1, /sessions\.txt cannot be read \(ENOENT\)$/],
  ['C18', ['status', '--crisp-token-key=whsec_1'], 2, /^unknown option '--crisp-token-key'. Pass secrets by/],
  ['C18', ['hook', 'send', SESSION, '--secret', 'whsec_1'], 2, /^unknown option '--secret'. Pass secrets by/],
  ...['../../x', 'session_../x', 'session_', `${WEBSITE_ID}:nothing`].map(
    (session): Row => ['C19', ['enqueue', session], 2, /^session_id_invalid: /],
  ),
  ['C19', ['get', '../../x'], 2, /^session_id_invalid: /],
  ['C19', ['hook', 'send', 'nothing:session_a'], 2, /^website_id_invalid: /],
  // Of the commands that came later.
  ['C4', ['sessions', 'export', '--resume'], 2, '--resume needs --output FILE, and no --force'],
  [
    'C4',
    ['records', 'redrive', '--from', 'sessions'],
    2,
    "--from must be undelivered or dlq, got 'sessions'",
  ],
  ['C4', ['completion'], 2, 'say which shell: bash, zsh, fish'],
  ['C4', ['completion', 'tcsh'], 2, 'say which shell: bash, zsh, fish'],
  ['C4', ['get', SESSION, '--fetch', '--version', '1'], 2, /^--fetch or --version, not both/],
  ['C4', ['hook', 'send', SESSION, '--event', 'A B'], 2, /^--event must be the name of an event/],
];

test.each(ROWS)('%s %j exits with %i', async (_row, args, exitCode, message) => {
  const [plain, machine] = [createCliScene(), createCliScene()];
  for (const { queue } of [plain, machine]) queue.bury(...letters(3));

  expect(await plain.run(...args)).toBe(exitCode);
  expect(plain.out()).toBe('');
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
  const { run, out, queue } = createCliScene();
  queue.bury(...letters(3));

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
    ['C17', 'one bad line', `${SESSION}\nnonsense\n`, /^line 2: session_id_invalid: /, 3],
  ] as const)('%s %s is told, with its line', async (_row, _title, content, message, exitCode) => {
    const { run, err } = createCliScene();
    const path = join(await aTemporaryFolder(), 'sessions.txt');
    await writeFile(path, content);

    expect(await run('enqueue', '--file', path)).toBe(exitCode);
    if (typeof message === 'string') expect(err()).toBe(message);
    else expect(err()).toMatch(message);
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
  const { run, out, err, queue } = createCliScene();
  queue.bury({ messageId: 'poison', body: '\u001b]0;owned\u0007\u202e<script>' });

  await run('dlq', 'list');
  await run('dlq', 'show', 'poison');
  await run('dlq', 'export');
  await run('enqueue', '\u001b[2J');

  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  expect(out() + err()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  expect(out()).toContain('\\u001b]0;owned');
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
