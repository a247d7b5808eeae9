import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applyPatches, PatchError } from '../../../scripts/mutants/apply-patches.ts';

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
