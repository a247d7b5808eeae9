import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { findImports, ROOT, readSourceFiles, type Violation } from '../support/source.ts';

describe('dependencies', () => {
  const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

  // The project, and what its tests of the real runtime install beside it.
  const packages = ['.', 'test/runtime/client'];

  test.each(packages)('every dependency of %s is pinned to one version', (folder) => {
    expect(checkPins(read(`${folder}/package.json`))).toEqual([]);
  });

  test.each([
    '^1.2.3',
    '~1.2.3',
    '1.x',
    '*',
    'latest',
    '>=1.2.3',
    'github:example/example',
    'npm:osls@^4.3.1',
  ])('the version %s is not pinned', (version) => {
    expect(checkPins(JSON.stringify({ devDependencies: { example: version } }))).toHaveLength(1);
  });

  test.each(packages)('the lockfile of %s has a hash for every package and names no host', (folder) => {
    expect(checkLockfile(read(`${folder}/package-lock.json`))).toEqual([]);
  });

  test('those that the functions and the command line need are installed with them, and no others', () => {
    const used = readSourceFiles(['lib', 'functions'], ['.ts'])
      .filter(({ path }) => !path.startsWith('lib/local/') && !BUNDLED.test(path))
      .flatMap(findImports)
      .map(({ specifier }) => specifier)
      .filter((specifier) => /^[@a-z]/.test(specifier) && !/^(?:node:|aws-lambda$)/.test(specifier))
      .map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0]);

    const { dependencies } = Manifest.parse(JSON.parse(read('package.json')));
    expect(Object.keys(dependencies).toSorted()).toEqual([...new Set(used)].toSorted());
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
});

// The page of the console and what bundles it: a release has the bundle.
const BUNDLED = /^lib\/console\/(?:page\/|bundle\.ts)/;

const Versions = z.record(z.string(), z.string()).default({});
const Manifest = z.object({
  dependencies: Versions,
  devDependencies: Versions,
  optionalDependencies: Versions,
});
const Lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({ resolved: z.string().optional(), integrity: z.string().optional() }),
  ),
});

const EXACT = /^(?:npm:[\w@/-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/;

/** Every dependency is pinned to one version, in package.json too. */
function checkPins(manifestText: string): Violation[] {
  const manifest = Manifest.parse(JSON.parse(manifestText));
  return Object.values(manifest)
    .flatMap((group) => Object.entries(group))
    .filter(([, version]) => !EXACT.test(version))
    .map(([name, version]) => `${name} is not pinned: ${version}`);
}

/** The lockfile holds each package to its hash, and names no host that it must come from. */
function checkLockfile(lockfileText: string): Violation[] {
  const { packages } = Lockfile.parse(JSON.parse(lockfileText));
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .flatMap(([path, { resolved, integrity }]) => [
      ...(resolved === undefined ? [] : [`${path} comes from ${new URL(resolved).host}`]),
      ...(integrity === undefined ? [`${path} has no integrity`] : []),
    ]);
}
