import { expect, test } from 'vitest';
import { readSourceFiles } from '../source/source-file.ts';
import { checkOwnWords } from './own-words.ts';

const ENDINGS = ['.ts', '.js', '.mjs', '.yml', '.md', '.json', '.css', '.html', '/run'];

test('the repository points to no tracker, no machine, and no document that is not part of it', () => {
  const files = readSourceFiles(['.'], ENDINGS).filter(({ path }) => path !== 'package-lock.json');
  const documents = files.map(({ path }) => path).filter((path) => path.endsWith('.md'));
  const ownTest = 'test/architecture/rules/own-words.test.ts';

  expect(
    checkOwnWords(
      files.filter(({ path }) => path !== ownTest),
      documents,
    ),
  ).toEqual([]);
});

test.each(['see issue 12', 'Issue #7', '/home/someone/crisp-enrich', 'as PLAN.md says', 'docs/plan/OLD.md'])(
  '"%s" is a violation',
  (text) => {
    expect(checkOwnWords([{ path: 'README.md', text }], ['README.md', 'docs/errors.md'])).toHaveLength(1);
  },
);

test.each(['an issue', 'see docs/errors.md', '/webhook', 'https://example.com/home/page'])(
  '"%s" is none',
  (text) => {
    expect(checkOwnWords([{ path: 'README.md', text }], ['docs/errors.md'])).toEqual([]);
  },
);
