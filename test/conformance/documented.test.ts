import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ALL_BEHAVIOURS } from './all-behaviours.ts';

const PAGE = new URL('../../docs/local-aws.md', import.meta.url);

/** The first column of the table of behaviours, without the headings within it. */
function documentedTitles(): string[] {
  const [, section = ''] = readFileSync(PAGE, 'utf8').split('## Behaviour that the pipeline relies on');
  const [table = ''] = section.split('\n## ');
  const rows = table.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| **'));
  return rows.slice(1).map((row) => row.split(' | ')[0]?.slice(2) ?? '');
}

test('docs/local-aws.md lists the behaviours of the suite, all of them and no others', () => {
  const titles = Object.values(ALL_BEHAVIOURS).flatMap((behaviours) => behaviours.map(({ title }) => title));

  expect(documentedTitles().sort()).toEqual(titles.sort());
});
