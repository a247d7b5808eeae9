import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  applyPatches,
  isCaught,
  PatchError,
  readChaosOutput,
  readReport,
  type Trial,
  toMutantTable,
} from '../../scripts/mutants/try-mutant.ts';

describe('apply patches', () => {
  let root: string;
  const read = () => readFileSync(join(root, 'a.ts'), 'utf8');

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'crisp-enrich-patch-'));
    writeFileSync(join(root, 'a.ts'), 'const a = 1;\nconst b = 1;\n');
  });

  afterEach(() => rmSync(root, { recursive: true }));

  test('a patch changes its file, and can be taken back', () => {
    const restore = applyPatches(root, [
      { file: 'a.ts', find: 'a = 1', replace: 'a = 2' },
      { file: 'a.ts', find: 'b = 1', replace: "b = '$&'" },
    ]);

    expect(read()).toBe("const a = 2;\nconst b = '$&';\n");
    restore();
    expect(read()).toBe('const a = 1;\nconst b = 1;\n');
  });

  test.each([
    ['is not there', 'c = 1'],
    ['is there twice', '= 1'],
  ])('a text that %s is no place for a patch, and nothing is changed', (_case, find) => {
    const patches = [
      { file: 'a.ts', find: 'a = 1', replace: 'a = 2' },
      { file: 'a.ts', find, replace: '' },
    ];

    expect(() => applyPatches(root, patches.slice(1))).toThrow(PatchError);
    expect(() => applyPatches(root, find === '= 1' ? patches.slice(1) : patches)).toThrow(PatchError);
    expect(read()).toBe('const a = 1;\nconst b = 1;\n');
  });
});

describe('trials', () => {
  const mutant = { id: 'M1', title: 'A bug', patches: [], tests: [] };
  const green = { outcome: 'green', passed: 3 } as const;
  const red = { outcome: 'red', test: 'a rule | holds', file: 'test/a.test.ts' } as const;
  const unfinished = { outcome: 'unfinished', reason: 'not through after 60 s' } as const;
  const kept = { outcome: 'judged', broken: [] } as const;
  const broken = { outcome: 'judged', broken: ['I1', 'I5'] } as const;

  describe('a planted bug', () => {
    test.each<[string, Trial]>([
      ['where a test is red', { mutant, suite: red, chaos: kept }],
      ['where the oracle alone sees a promise broken', { mutant, suite: green, chaos: broken }],
    ])('is caught %s', (_case, trial) => {
      expect(isCaught(trial)).toBe(true);
    });

    test.each<[string, Trial]>([
      ['where nothing notices', { mutant, suite: green, chaos: kept }],
      ['where the tests only take too long', { mutant, suite: unfinished, chaos: unfinished }],
      ['where it does not apply', { mutant, problem: 'a.ts has 0 places to patch' }],
    ])('survives %s', (_case, trial) => {
      expect(isCaught(trial)).toBe(false);
      expect(toMutantTable([trial])).toContain('| M1 | A bug | **survived**');
    });

    test('is told with the test that caught it', () => {
      const table = toMutantTable([{ mutant, suite: red, chaos: broken }]);

      expect(table).toContain('1 of 1 caught.');
      expect(table).toContain('| M1 | A bug | "a rule \\| holds" in `test/a.test.ts` | I1, I5 |');
    });
  });

  describe("a report of vitest's", () => {
    const file = (status: string, assertionResults: object[]) => ({
      name: '/tree/test/a.test.ts',
      status,
      assertionResults,
    });
    const report = (success: boolean, numPassedTests: number, ...testResults: object[]) =>
      readReport(JSON.stringify({ success, numPassedTests, testResults }), '/tree');
    const passed = { status: 'passed', fullName: 'a rule' };

    test('names the first test that failed', () => {
      const failed = { status: 'failed', fullName: 'another rule' };

      expect(report(false, 1, file('failed', [passed, failed]))).toEqual({
        outcome: 'red',
        test: 'another rule',
        file: 'test/a.test.ts',
      });
    });

    test('is green where all passed', () => {
      expect(report(true, 1, file('passed', [passed]))).toEqual({ outcome: 'green', passed: 1 });
    });

    test.each([
      ['a file cannot be loaded', report(false, 1, file('passed', [passed]), file('failed', []))],
      ['nothing ran', report(true, 0)],
    ])('proves nothing where %s', (_case, result) => {
      expect(result.outcome).toBe('unfinished');
    });
  });

  describe('the output of a chaos series', () => {
    const TOTALS = 'runs 60 · events accepted 2 · violations';

    test('names each promise that was broken, once and in order', () => {
      const output = `seed 1 run 3 broke 3 promises (faults none):\n  I10 x\n  I5 y\n  I5 z\n${TOTALS} 3 · seconds 1`;

      expect(readChaosOutput(output)).toEqual({ outcome: 'judged', broken: ['I5', 'I10'] });
    });

    test('may name none', () => {
      expect(readChaosOutput(`${TOTALS} 0 · seconds 1`)).toEqual({ outcome: 'judged', broken: [] });
    });

    test('proves nothing without its last line', () => {
      expect(readChaosOutput('  I5 y\nTypeError: x')).toEqual({
        outcome: 'unfinished',
        reason: 'TypeError: x',
      });
    });
  });
});
