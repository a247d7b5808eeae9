import { expect, test } from 'vitest';
import { readSourceFiles } from '../source/source-file.ts';
import { checkCorePurity } from './core-purity.ts';

test('core is pure', () => {
  const files = readSourceFiles(['lib/core'], ['.ts']);

  expect(files.length).toBeGreaterThan(5);
  expect(checkCorePurity(files)).toEqual([]);
});

test.each([
  'const a = await b();',
  'export async function a() {}',
  'const nowMs = Date.now();',
  'const now = new Date();',
  'const url = process.env.CRISP_API_URL;',
  'const jitter = Math.random();',
  "import { readFileSync } from 'node:fs';",
  "import { randomUUID } from 'node:crypto';",
  'setTimeout(a, 1);',
  "const a = fetch('https://example.com');",
])('core may not contain %s', (text) => {
  expect(checkCorePurity([{ path: 'lib/core/a.ts', text }])).toHaveLength(1);
});

test.each([
  '// nothing here may await',
  "const message = 'await process.env';",
  "import { createHash } from 'node:crypto';",
  'const day = new Date(nowMs).toISOString();',
])('core may contain %s', (text) => {
  expect(checkCorePurity([{ path: 'lib/core/a.ts', text }])).toEqual([]);
});
