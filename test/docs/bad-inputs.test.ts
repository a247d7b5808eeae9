import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BAD_ANSWERS, type Fate } from '../bad-inputs/crisp-answers.ts';
import { KEYED_HOOKS, UNVERIFIED_HOOKS, VERIFIED_HOOKS } from '../bad-inputs/hooks.ts';
import { POISON } from '../bad-inputs/queue-messages.ts';
import { ROOT, readSourceFiles } from '../support/source.ts';

const TABLES = 'test/bad-inputs/';
const rows = readRows(readFileSync(join(ROOT, 'docs/bad-inputs.md'), 'utf8'));
const tests = readSourceFiles(['test'], ['.ts']).filter(({ path }) => !path.startsWith('test/chaos/'));

// What the tables say that a row is answered with.
const tabled: readonly (readonly [row: string, code: string])[] = [
  ...[...UNVERIFIED_HOOKS, ...KEYED_HOOKS, ...VERIFIED_HOOKS].map(([row, , , code]) => [row, code] as const),
  ...POISON.map(([row, , reason]) => [row, reason] as const),
  // The status of a rejected request is its detail: any.
  ...BAD_ANSWERS.map(({ row, reason }) => [row, reason.replace(/^(crisp_rejected):\d+$/, '$1')] as const),
];

describe('docs/bad-inputs.md', () => {
  test('has a line for each row, in order', () => {
    const names = [...numbered('W', 44), ...numbered('Q', 15), ...numbered('R', 27)];

    expect(rows.map(({ row }) => row)).toEqual(names);
  });

  test.each(rows)('names for $row the files that test it, and no others', ({ row, files }) => {
    const testing = tests.filter((file) => namesRow(file, row)).map(({ path }) => path);

    expect(files.length).toBeGreaterThan(0);
    expect(files.toSorted()).toEqual(testing.toSorted());
  });

  test.each(rows)('says of $row what its tests ask for', ({ row, codes, files }) => {
    const fromTables = new Set(tabled.filter(([name]) => name === row).map(([, code]) => code));
    const elsewhere = files.filter((path) => !path.startsWith(TABLES)).map(readText);

    expect([...fromTables].filter((code) => !codes.includes(code))).toEqual([]);
    const unfounded = codes.filter(
      (code) => !fromTables.has(code) && !elsewhere.some((text) => text.includes(code)),
    );
    expect(unfounded).toEqual([]);
  });
});

const FATES: Readonly<Record<Fate, string>> = {
  retried: 'retried',
  waits: 'waits',
  dead: 'dead',
  'looks-again': 'looked for again',
};

test.each(rows.filter(({ row }) => row.startsWith('R')))(
  'docs/bad-inputs.md says what becomes of $row',
  ({ row, fate }) => {
    const fates = new Set(
      BAD_ANSWERS.filter((answer) => answer.row === row).map((answer) => FATES[answer.fate]),
    );

    const documented = Object.values(FATES).filter((word) => fate.includes(word));
    // What is announced is no failure, and in no table of failures; R23 is about pages, which are told to be stuck.
    expect(documented.toSorted()).toEqual(['R23', 'R27'].includes(row) ? ['retried'] : [...fates].toSorted());
  },
);

interface DocumentedRow {
  readonly row: string;
  readonly codes: readonly string[];
  readonly files: readonly string[];
  /** What becomes of the message; empty where there is none. */
  readonly fate: string;
}

// | row | input | answer | … | tests |; a code is a word in backticks, perhaps with its detail.
function readRows(document: string): DocumentedRow[] {
  return [...document.matchAll(/^\| ([WQR]\d+) \|(.*)\|$/gm)].map(([, row = '', rest = '']) => {
    const [, answer = '', ...cells] = rest.split(' | ');
    return {
      row,
      fate: cells.length > 1 ? (cells[0] ?? '') : '',
      codes: [...answer.matchAll(/`([a-z]+_[a-z_0-9]+(?::\w+)?)`/g)].map(([, code = '']) => code),
      files: [...(cells.at(-1) ?? '').matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path = '']) => path),
    };
  });
}

/** A test names its rows at the beginning of its title, a table in a cell of its own. */
function namesRow({ path, text }: { path: string; text: string }, row: string): boolean {
  const titles = /['"`]((?:[WQR]\d{1,2} )*[WQR]\d{1,2})(?= \S)/g;
  const cells = /['"`]([WQR]\d{1,2})['"`]/g;
  const found = [...text.matchAll(titles), ...(path.startsWith(TABLES) ? text.matchAll(cells) : [])];
  return found.some(([, names = '']) => names.split(' ').includes(row));
}

function numbered(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
}

function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
