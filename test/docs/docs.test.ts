import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { API_PROBLEMS } from '../../lib/api/problem.ts';
import { COMMANDS } from '../../lib/cli/commands.ts';
import { type BadInvocationError, CONFIG_PROBLEMS, JOB_ERRORS, OPERATION_ERRORS } from '../../lib/errors.ts';
import { toMetrics } from '../../lib/record/build.ts';
import { contentHash } from '../../lib/record/content-hash.ts';
import {
  enrichedRecordSchema,
  recordJsonSchema,
  recordSchema,
  VOLATILE_FIELDS,
} from '../../lib/record/schema.ts';
import { HOOK_REFUSALS } from '../../lib/webhook/refusal.ts';
import { CATALOGUE } from '../chaos/faults/catalogue.ts';
import { ROOT, readSourceFiles } from '../support/source.ts';
import { checkDocumentedCodes, checkLinks, findNamedFiles } from './documents.ts';

test('README and docs have at most 15,000 words, as wc -w counts them', () => {
  const documents = readSourceFiles(['README.md', 'docs'], ['.md']);
  const words = documents.flatMap(({ text }) => text.match(/\S+/g) ?? []);

  expect(documents.length).toBeGreaterThan(30);
  expect(words.length).toBeLessThanOrEqual(15_000);
});

test('every file that a document names is there', () => {
  const documents = readSourceFiles(['.'], ['.md']).filter(({ path }) => path !== 'CHANGELOG.md');

  expect(findNamedFiles(documents).length).toBeGreaterThan(50);
  expect(findNamedFiles(documents).filter(({ file }) => !existsSync(join(ROOT, file)))).toEqual([]);
});

test('a fault that no chaos run can inject names the test that covers it', () => {
  const absent = CATALOGUE.filter((fault) => 'coveredBy' in fault);

  expect(absent.filter(({ coveredBy }) => !existsSync(join(ROOT, coveredBy)))).toEqual([]);
});

test.each([
  ['W', 44],
  ['Q', 15],
  ['R', 27],
  ['C', 25],
])('every row of the bad inputs %s1 to %i has a test', (letter, count) => {
  const texts = readSourceFiles(['test'], ['.ts']).map(({ text }) => text);
  const rows = Array.from({ length: count }, (_, place) => `${letter}${place + 1}`);

  // A test names its rows at the beginning of its title, a table in a cell of its own.
  const isTested = (row: string) =>
    texts.some((text) => new RegExp(`['"\`](?:[WQRC]\\d{1,2} )*${row}(?: \\S|['"\`])`).test(text));
  expect(rows.filter((row) => !isTested(row))).toEqual([]);
});

describe('commands', () => {
  test('docs/cli.md lists each command as the help does', () => {
    const page = readFileSync(join(ROOT, 'docs/cli.md'), 'utf8');
    const lines = COMMANDS.map(
      ({ name, words, summary }) => `- \`${[name, words].filter(Boolean).join(' ')}\`: ${summary}`,
    );

    expect(page).toContain(`## Commands\n\n${lines.join('\n')}\n\n`);
  });

  test('every command that a document or an alarm tells one to run is there', () => {
    const texts = readSourceFiles(['.'], ['.md', '.yml']).map(({ text }) => text);
    const typed = texts.flatMap((text) =>
      [...text.matchAll(/npx crisp-enrich ((?:[a-z]+ ?){1,2})/g)].map(([, words = '']) => words.trim()),
    );
    const names = COMMANDS.map(({ name }) => name);
    const isKnown = (words: string) => names.some((name) => words === name || words.startsWith(`${name} `));

    expect(typed.length).toBeGreaterThan(40);
    expect([...new Set(typed)].filter((words) => !isKnown(words))).toEqual([]);
  });
});

describe('links', () => {
  test('every link in a document leads to a file that is there, and to a heading that is in it', () => {
    const documents = readSourceFiles(['.'], ['.md']);

    expect(checkLinks(documents, (path) => existsSync(join(ROOT, path)))).toEqual([]);
  });

  const HEADINGS = '# Costs\n## What `SQS` costs, and why\n## Why?\n## Why?\n```\n# in code\n```\n';

  test.each([
    ['[a](docs/costs.md)'],
    ['[a](docs/costs.md#what-sqs-costs-and-why)'],
    ['[a](docs/costs.md#why-1)'],
    ['[a](docs)'],
    ['# Here it is\n[a](#here-it-is)'],
    ['[a](https://example.com/costs.md#nowhere)'],
    ['`[a](scaling.md)` and\n```\n[a](scaling.md)\n```'],
  ])('%j is sound', (text) => {
    expect(check(text)).toEqual([]);
  });

  test.each([
    ['[a](docs/scaling.md)', 'leads nowhere'],
    ['[a](costs.md)', 'leads nowhere'],
    ['[a](docs/costs.md#prices)', 'names no heading'],
    ['[a](docs/costs.md#why-2)', 'names no heading'],
    ['[a](docs/costs.md#in-code)', 'names no heading'],
    ['[a](#nothing)', 'names no heading'],
    ['[a](../README.md)', 'leads out of the repository'],
    ['![a](docs/nothing.png)', 'leads nowhere'],
  ])('%j is not', (text, problem) => {
    expect(check(text)).toEqual([expect.stringContaining(problem)]);
  });

  function check(text: string) {
    const documents = [
      { path: 'README.md', text },
      { path: 'docs/costs.md', text: HEADINGS },
    ];
    return checkLinks(documents, (path) => ['README.md', 'docs', 'docs/costs.md'].includes(path));
  }
});

describe('the documents about the record', () => {
  function readDocument(name: string): string {
    return readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
  }

  test('record.schema.json is what the schema says (node scripts/generate-record-schema.ts writes it)', () => {
    expect(readDocument('record.schema.json')).toBe(recordJsonSchema());
  });

  test('record.example.json is a record, with its own hash and metrics', () => {
    const example: unknown = JSON.parse(readDocument('record.example.json'));

    const record = enrichedRecordSchema.parse(example);

    expect(record.content_hash).toBe(contentHash(record));
    expect(record.metrics).toEqual(toMetrics(record.messages));
  });

  test('record.md names every volatile field and every field of ours', () => {
    const names = [
      ...VOLATILE_FIELDS.record,
      ...VOLATILE_FIELDS.message,
      ...Object.keys(enrichedRecordSchema.shape.metrics.shape),
      ...Object.keys(enrichedRecordSchema.shape.enrichment.shape),
    ];
    const text = readDocument('record.md');

    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  test('the examples of record.md are records', () => {
    const examples = [...readDocument('record.md').matchAll(/```json\n(.*?)```/gs)].map(([, json = '']) =>
      JSON.parse(json),
    );

    expect(examples).toHaveLength(2);
    for (const example of examples) expect(recordSchema.safeParse(example).error).toBeUndefined();
  });
});

describe('documented codes', () => {
  const INVOCATION_ERRORS = { bad_invocation: undefined, bad_record: undefined } satisfies Record<
    BadInvocationError['code'],
    undefined
  >;

  const DISPOSITIONS = Object.fromEntries(
    Object.entries(JOB_ERRORS).map(([code, { disposition }]) => [code, disposition]),
  );

  test('docs/errors.md lists exactly the codes of the code, with their status or disposition', () => {
    const document = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');

    const violations = checkDocumentedCodes(document, [
      { heading: 'Refused hooks', codes: HOOK_REFUSALS },
      { heading: 'API', codes: API_PROBLEMS },
      { heading: 'Failed jobs', codes: DISPOSITIONS },
      { heading: 'Command line', codes: OPERATION_ERRORS },
      { heading: 'Failed invocations', codes: INVOCATION_ERRORS },
      {
        heading: 'Configuration',
        codes: Object.fromEntries(CONFIG_PROBLEMS.map((code) => [code, undefined])),
      },
    ]);

    expect(violations).toEqual([]);
  });

  const list = (...rows: string[]) => ['## Stage', '', ...rows, '', '## Next'].join('\n');

  test.each([
    ['a code that is not documented', [], ['Stage lacks not_found']],
    [
      'a documented code that is gone',
      ['- `not_found` 404: Lost.', '- `gone` 410: Gone.'],
      ['Stage has the unknown gone'],
    ],
    ['another status than the code says', ['- `not_found` 400: Lost.'], ['Stage says 400 of not_found']],
    [
      'a code that stands twice',
      ['- `not_found` 404: Lost.', '- `not_found` 404: Lost.'],
      ['Stage has not_found twice'],
    ],
  ])('%s is a violation', (_case, rows, violations) => {
    expect(checkDocumentedCodes(list(...rows), [{ heading: 'Stage', codes: { not_found: 404 } }])).toEqual(
      violations,
    );
  });
});
