import { describe, expect, test } from 'vitest';
import { findImports, readSourceFiles, type SourceFile, withoutSegments } from './support/source.ts';

/**
 * The floors of the house, the ground floor first; the rooms of one line do not know each other. A room is a folder of
 * `lib/`, or `functions`; the files beside the folders are the ground floor.
 */
const FLOORS: readonly (readonly string[])[] = [
  ['lib'],
  ['lib/telemetry'],
  ['lib/aws'],
  ['lib/config'],
  ['lib/queue', 'lib/ledger'],
  // Calls to Crisp are counted in the ledger.
  ['lib/crisp'],
  ['lib/record'],
  ['lib/breaker'],
  ['lib/consumer', 'lib/dead-letters', 'lib/webhook'],
  ['lib/operate'],
  // Local mode's front door serves both.
  ['lib/api', 'lib/console'],
  ['lib/cli', 'lib/local', 'functions'],
];

/** What decides without the world: it waits for nothing, and is given time, chance and environment. */
const PURE = [
  ...['defects', 'errors', 'ids', 'redact', 'text'].map((name) => `lib/${name}.ts`),
  ...['config', 'parse', 'local-config', 'rules', 'variables', 'secrets', 'api-keys', 'infra-settings'].map(
    (name) => `lib/config/${name}.ts`,
  ),
  ...['answers', 'fields', 'foreign-body', 'merge', 'page-walk', 'url', 'volatile'].map(
    (name) => `lib/crisp/${name}.ts`,
  ),
  ...['coalesce', 'job'].map((name) => `lib/queue/${name}.ts`),
  ...['build', 'content-hash', 'schema'].map((name) => `lib/record/${name}.ts`),
  ...['evidence'].map((name) => `lib/breaker/${name}.ts`),
  ...['retry'].map((name) => `lib/consumer/${name}.ts`),
  ...['dead-letter', 'filter'].map((name) => `lib/dead-letters/${name}.ts`),
  ...['event', 'refusal', 'triggers', 'verify'].map((name) => `lib/webhook/${name}.ts`),
];

/** The oracle of the chaos runs shares with the code that it judges what subscribers are promised, and nothing else. */
const ORACLE = 'test/chaos/oracle/';
const SHARED_WITH_ORACLE = ['lib/record/schema.ts'];

const code = readSourceFiles(['lib', 'functions'], ['.ts']);

describe('the floors', () => {
  test('have a place for every room', () => {
    const rooms = FLOORS.flat();

    expect(code.length).toBeGreaterThan(50);
    expect(code.filter(({ path }) => !rooms.includes(toRoom(path))).map(({ path }) => path)).toEqual([]);
    expect(rooms.filter((room) => !code.some(({ path }) => toRoom(path) === room))).toEqual([]);
  });

  test('are imported downwards only, types included', () => {
    expect(findClimbs(code)).toEqual([]);
  });

  test('have no circles, types included', () => {
    expect(findCircles(code)).toEqual([]);
    expect(findCircles(readSourceFiles(['test', 'scripts'], ['.ts']))).toEqual([]);
  });

  test.each([
    ['lib/ids.ts', "import type { Job } from './queue/job.ts';"],
    ['lib/queue/a.ts', "import { b } from '../ledger/b.ts';"],
    ['lib/record/a.ts', "const { b } = await import('../consumer/b.ts');"],
    ['lib/cli/a.ts', "import { b } from '../local/b.ts';"],
    ['lib/breaker/a.ts', "import { b } from '../../test/support/b.ts';"],
    ['functions/a.ts', "import { b } from '../lib/local/b.ts';"],
  ])('%s may not contain %s', (path, text) => {
    expect(findClimbs([{ path, text }])).toHaveLength(1);
  });

  test.each([
    ['lib/queue/a.ts', "import type { B } from '../ids.ts';"],
    ['lib/queue/a.ts', "import { b } from './b.ts';"],
    ['functions/a.ts', "import { b } from '../lib/webhook/b.ts';"],
    ['lib/ids.ts', "import * as z from 'zod';"],
    ['lib/ids.ts', "// import { b } from './queue/b.ts';"],
  ])('%s may contain %s', (path, text) => {
    expect(findClimbs([{ path, text }])).toEqual([]);
  });

  test('a circle is noticed, also one of types alone', () => {
    const files = [
      { path: 'lib/queue/a.ts', text: "import { b } from './b.ts';" },
      { path: 'lib/queue/b.ts', text: "import type { C } from './c.ts';" },
      { path: 'lib/queue/c.ts', text: "import type { A } from './a.ts';" },
    ];

    expect(findCircles(files)).toHaveLength(1);
    expect(findCircles(files.slice(0, 2))).toEqual([]);
  });

  test('the oracle of the chaos runs knows nothing of the code but the schema of records', () => {
    const oracle = readSourceFiles([ORACLE.slice(0, -1)], ['.ts']);

    expect(oracle.length).toBeGreaterThan(5);
    expect(oracle.flatMap(importsOf).filter((path) => !path.startsWith(ORACLE))).toSatisfy(
      (paths: readonly string[]) => paths.every((path) => SHARED_WITH_ORACLE.includes(path)),
    );
  });
});

describe('what decides', () => {
  test('is pure', () => {
    const pure = code.filter(({ path }) => PURE.includes(path));

    expect(pure.map(({ path }) => path).sort()).toEqual([...PURE].sort());
    expect(pure.flatMap(findImpurities)).toEqual([]);
  });

  test('on the ground floor knows no clock but the one of `clock.ts`', () => {
    const ground = code.map(({ path }) => path).filter((path) => toRoom(path) === 'lib');

    expect(ground.filter((path) => !PURE.includes(path))).toEqual(['lib/clock.ts']);
  });

  test.each([
    'const a = await b();',
    'export async function a() {}',
    'const nowMs = Date.now();',
    'const now = new Date();',
    'const url = process.env.CRISP_API_URL;',
    'const jitter = Math.random();',
    "import { readFileSync } from 'node:fs';",
    "import { randomUUID } from 'node:crypto';",
    'setTimeout(a, 1);',
    "const a = fetch('https://example.com');",
  ])('may not contain %s', (text) => {
    expect(findImpurities({ path: 'lib/ids.ts', text })).toHaveLength(1);
  });

  test.each([
    '// nothing here may await',
    "const message = 'await process.env';",
    "import { createHash } from 'node:crypto';",
    'const day = new Date(nowMs).toISOString();',
  ])('may contain %s', (text) => {
    expect(findImpurities({ path: 'lib/ids.ts', text })).toEqual([]);
  });
});

describe('a dead-letter queue', () => {
  // The embedded SQS plays the service itself, which does move messages there.
  const ours = code.filter(({ path }) => !path.startsWith('lib/local/aws/'));

  test('is sent nothing by us: a message that did not come from its queue has none to be redriven to', () => {
    expect(ours.filter(({ text }) => SENDS.test(text)).length).toBeGreaterThan(0);
    expect(ours.flatMap(findDeadLetterSenders)).toEqual([]);
  });

  test.each([
    'sqs.send(new SendMessageCommand({ QueueUrl: dlqUrl }));',
    "new SendMessageBatchCommand({ QueueUrl: urls['sessions-dlq'] });",
    'client.sendMessage({ QueueUrl: deadLetterQueueUrl });',
    "const batches = createSqsSessionBatches({ sqs, queueUrl: queues['sessions-dlq'], clock });",
    'createSqsSessionQueue(sqs, toUrl(names.deadLetters));',
  ])('may not be sent to by %s', (text) => {
    expect(findDeadLetterSenders({ path: 'lib/queue/a.ts', text })).not.toEqual([]);
  });

  test.each([
    'new ReceiveMessageCommand({ QueueUrl: dlqUrl });',
    '// never to the dlq\nnew SendMessageCommand({ QueueUrl: url });',
    "const queue = createSqsDeadLetterQueue(sqs, queues['sessions-dlq']);\nconst batches = createSqsSessionBatches({ sqs, queueUrl: queues.sessions, clock });\nreturn { queue, batches, dlq: 1 };",
  ])('may be read, spoken of, and be at hand: %s', (text) => {
    expect(findDeadLetterSenders({ path: 'lib/queue/a.ts', text })).toEqual([]);
  });
});

// lib/ROOM/… or functions/…; a file beside the rooms belongs to `lib`, anything else to no floor.
function toRoom(path: string): string {
  const [top = '', room = '', ...rest] = path.split('/');
  return top === 'lib' && rest.length > 0 ? `lib/${room}` : top;
}

function importsOf(file: SourceFile): string[] {
  return findImports(file).flatMap(({ path }) => (path === undefined ? [] : [path]));
}

function findClimbs(files: readonly SourceFile[]): string[] {
  const floorOf = (room: string) => FLOORS.findIndex((rooms) => rooms.includes(room));
  return files.flatMap((file) => {
    const room = toRoom(file.path);
    return importsOf(file)
      .filter((path) => {
        const other = toRoom(path);
        return other !== room && !(floorOf(other) >= 0 && floorOf(other) < floorOf(room));
      })
      .map((path) => `${file.path} imports ${path}`);
  });
}

function findCircles(files: readonly SourceFile[]): string[] {
  const imports = new Map(files.map((file) => [file.path, importsOf(file)]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path);
    if (start >= 0) circles.push([...way.slice(start), path].join(' → '));
    if (start >= 0 || done.has(path)) return;
    for (const next of imports.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  return circles;
}

const IMPURE =
  /\b(?:await|async|fetch\s*\(|setTimeout|setInterval|setImmediate|Date\.now|new Date\(\s*\)|performance\.|process\.|Math\.random|randomUUID|randomBytes|randomInt|console\.)/g;

// Of Node's modules, those that hash and look at bytes.
const PURE_MODULES = ['node:crypto', 'node:buffer'];

function findImpurities(file: SourceFile): string[] {
  const words = withoutSegments(file.text, 'comment', 'text', 'regex').match(IMPURE) ?? [];
  const modules = findImports(file)
    .map(({ specifier }) => specifier)
    .filter((specifier) => specifier.startsWith('node:') && !PURE_MODULES.includes(specifier));
  return [...words, ...modules].map((found) => `${file.path} is not pure: ${found}`);
}

const SENDS = /\bSendMessage(?:Batch)?(?:Command|CommandInput)?\b|\bsendMessage(?:Batch)?\b/;
// What makes a sender of a queue's URL, with its arguments.
const SENDER = /\bcreate(?:Sqs)?Session(?:Queue|Batches)\s*\((?:[^()]|\([^()]*\))*\)/g;
const DEAD_LETTER = /dlq|dead-?_?letter/i;

function findDeadLetterSenders({ path, text }: SourceFile): string[] {
  const spoken = withoutSegments(text, 'comment');
  const senders = [...spoken.matchAll(SENDER)].map(([sender]) => sender);
  return [
    ...(SENDS.test(spoken) && DEAD_LETTER.test(spoken)
      ? [`${path} sends messages and knows a dead-letter queue`]
      : []),
    ...senders.filter((sender) => DEAD_LETTER.test(sender)).map((sender) => `${path} has ${sender}`),
  ];
}
