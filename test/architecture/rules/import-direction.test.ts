import { expect, test } from 'vitest';
import { readSourceFiles } from '../source/source-file.ts';
import { checkImportDirection } from './import-direction.ts';

const files = readSourceFiles(['lib', 'functions'], ['.ts']);

test('imports point one way: entry layers, app, use-cases and adapters, ports, core', () => {
  expect(files.length).toBeGreaterThan(20);
  expect(checkImportDirection(files)).toEqual([]);
});

test.each([
  ['lib/core/a.ts', "import type { Clock } from '../ports/clock.ts';"],
  ['lib/ports/a.ts', "import { b } from '../adapters/b.ts';"],
  ['lib/use-cases/a.ts', "import { b } from '../adapters/b.ts';"],
  ['lib/adapters/crisp/a.ts', "import { b } from '../../use-cases/b.ts';"],
  ['lib/app/a.ts', "import { b } from '../local/b.ts';"],
  ['lib/cli/a.ts', "import { b } from '../console/b.ts';"],
  ['functions/a.ts', "import { b } from '../lib/local/b.ts';"],
  ['lib/app/a.ts', "import { b } from '../../test/support/b.ts';"],
  ['lib/app/a.ts', "const { b } = await import('../cli/b.ts');"],
])('%s may not contain %s', (path, text) => {
  expect(checkImportDirection([{ path, text }])).toHaveLength(1);
});

test.each([
  ['lib/ports/a.ts', "import type { B } from '../core/b.ts';"],
  ['lib/app/a.ts', "import { b } from '../use-cases/b.ts';"],
  ['lib/local/a.ts', "import { b } from '../console/b.ts';"],
  ['lib/core/a.ts', "import * as z from 'zod';"],
])('%s may contain %s', (path, text) => {
  expect(checkImportDirection([{ path, text }])).toEqual([]);
});
