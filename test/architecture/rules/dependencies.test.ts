import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../source/source-file.ts';
import { checkLockfile, checkPins } from './dependencies.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

// The project, and what its tests of the real runtime install beside it.
const packages = ['.', 'test/runtime/client'];

test.each(packages)('every dependency of %s is pinned to one version', (folder) => {
  expect(checkPins(read(`${folder}/package.json`))).toEqual([]);
});

test.each(['^1.2.3', '~1.2.3', '1.x', '*', 'latest', '>=1.2.3', 'github:example/example', 'npm:osls@^4.3.1'])(
  'the version %s is not pinned',
  (version) => {
    expect(checkPins(JSON.stringify({ devDependencies: { example: version } }))).toHaveLength(1);
  },
);

test.each(packages)('the lockfile of %s has a hash for every package and names no host', (folder) => {
  expect(checkLockfile(read(`${folder}/package-lock.json`))).toEqual([]);
});

test('a package without a hash, or with a host, is a violation', () => {
  const packages = {
    '': {},
    'node_modules/a': { integrity: 'sha512-x' },
    'node_modules/b': {},
    'node_modules/c': { integrity: 'sha512-x', resolved: 'https://example.com/c.tgz' },
  };

  expect(checkLockfile(JSON.stringify({ packages }))).toEqual([
    'node_modules/b has no integrity',
    'node_modules/c comes from example.com',
  ]);
});
