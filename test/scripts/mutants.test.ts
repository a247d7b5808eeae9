import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatTrial, patchText, readChaosOutput, readMutants, readReport } from '../../scripts/mutants.ts';

describe('planted bugs', () => {
  const read = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
  const mutants = readMutants();

  test('are the 27 known ones', () => {
    const numbers = new Set(mutants.map(({ id }) => Number.parseInt(id.slice(1), 10)));

    expect([...numbers]).toEqual(Array.from({ length: 27 }, (_, place) => place + 1));
  });

  test.each(mutants)('$id fits the code as it is: $title', ({ patches, tests }) => {
    expect(patches).not.toEqual([]);
    for (const patch of patches) expect(patchText(read(patch.file), patch)).not.toBe(read(patch.file));
    expect(tests).not.toEqual([]);
    for (const path of tests) expect(read(path)).toContain('test');
  });
});

describe('patch text', () => {
  const text = 'const a = 1;\nconst b = 1;\n';

  test('one text is replaced, letter by letter', () => {
    const patch = { file: 'a.ts', find: 'b = 1', replace: "b = '$&'" };

    expect(patchText(text, patch)).toBe("const a = 1;\nconst b = '$&';\n");
  });

  test.each([
    ['is not there', 'c = 1'],
    ['is there twice', '= 1'],
  ])('a text that %s is no place for a patch', (_case, find) => {
    expect(() => patchText(text, { file: 'a.ts', find, replace: '' })).toThrow(
      /^a\.ts has \d places to patch$/,
    );
  });
});

describe('trials', () => {
  const mutant = { id: 'M1', title: 'A bug' };

  test.each([
    [
      'is caught by what is red',
      { red: '"a rule" in test/a.test.ts' },
      'caught   M1 A bug: "a rule" in test/a.test.ts',
    ],
    ['survives where nothing is red', {}, 'SURVIVED M1 A bug: all green'],
    ['survives where nothing was proven', { problem: 'not loaded' }, 'SURVIVED M1 A bug: not loaded'],
  ])('a planted bug %s', (_case, found, line) => {
    expect(formatTrial({ mutant, ...found })).toBe(line);
  });

  const passed = { status: 'passed', fullName: 'a rule' };
  const failed = { status: 'failed', fullName: 'another rule' };

  test.each([
    ['names the first test that failed', [[passed, failed]], { red: '"another rule" in test/a.test.ts' }],
    ['is green where all passed', [[passed]], {}],
    ['proves nothing where a file cannot be loaded', [[passed], []], { problem: expect.any(String) }],
    ['proves nothing where nothing ran', [], { problem: expect.any(String) }],
  ])("a report of vitest's %s", (_case, files, found) => {
    const report = {
      success: files.every((results) => results.length > 0 && !results.includes(failed)),
      numPassedTests: files.flat().filter((it) => it === passed).length,
      testResults: files.map((assertionResults) => ({ name: '/tree/test/a.test.ts', assertionResults })),
    };

    expect(readReport(JSON.stringify(report), '/tree')).toEqual(found);
  });

  const TOTALS = 'runs 60 · events accepted 2 · violations';

  test.each([
    [
      'names each promise that was broken, once',
      `seed 1 run 3 broke 3 promises (faults none):\n  I5 y\n  I5 z\n  I10 x\n${TOTALS} 3 · seconds 1`,
      { red: 'the oracle: I5, I10' },
    ],
    ['may name none', `${TOTALS} 0 · seconds 1`, {}],
    ['proves nothing without its last line', '  I5 y\nTypeError: x', { problem: 'TypeError: x' }],
  ])('the output of a chaos series %s', (_case, output, found) => {
    expect(readChaosOutput(output)).toEqual(found);
  });
});
