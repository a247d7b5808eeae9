import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MUTANTS, toBug } from '../../scripts/mutants/all-mutants.ts';
import { patchText } from '../../scripts/mutants/apply-patches.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('each of the 18 known bugs can be planted', () => {
  const bugs = new Set(MUTANTS.map(({ id }) => toBug(id)));

  expect([...bugs]).toEqual(Array.from({ length: 18 }, (_, place) => `M${place + 1}`));
});

test.each(MUTANTS)('$id fits the code as it is: $title', ({ patches, tests }) => {
  let text = '';
  for (const patch of patches) {
    text = patchText(read(patch.file), patch);
    expect(text).not.toBe(read(patch.file));
  }

  for (const path of tests) expect(read(path)).toContain('test');
});

test('mutants.md tells of the bugs that are planted, and that each was caught (npm run mutants writes it)', () => {
  const rows = [...read('docs/mutants.md').matchAll(/^\| (M\d+[a-z]?) \| ([^|]+) \| (.+?) \|/gm)];

  expect(rows.map(([, id, title]) => ({ id, title }))).toEqual(
    MUTANTS.map(({ id, title }) => ({ id, title })),
  );
  expect(rows.filter(([, , , caughtBy]) => caughtBy?.includes('survived'))).toEqual([]);
});
