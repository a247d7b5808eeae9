import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, readSourceFiles } from '../architecture/source/source-file.ts';
import { checkLinks } from './links.ts';

test('every link in a document leads to a file that is there, and to a heading that is in it', () => {
  const documents = readSourceFiles(['.'], ['.md']);

  expect(checkLinks(documents, (path) => existsSync(join(ROOT, path)))).toEqual([]);
});

const HEADINGS = '# Costs\n## What `SQS` costs, and why\n## Why?\n## Why?\n```\n# in code\n```\n';

test.each([
  ['[a](docs/costs.md)'],
  ['[a](docs/costs.md#what-sqs-costs-and-why)'],
  ['[a](docs/costs.md#why-1)'],
  ['[a](docs)'],
  ['# Here it is\n[a](#here-it-is)'],
  ['[a](https://example.com/costs.md#nowhere)'],
  ['`[a](scaling.md)` and\n```\n[a](scaling.md)\n```'],
])('%j is sound', (text) => {
  expect(check(text)).toEqual([]);
});

test.each([
  ['[a](docs/scaling.md)', 'leads nowhere'],
  ['[a](costs.md)', 'leads nowhere'],
  ['[a](docs/costs.md#prices)', 'names no heading'],
  ['[a](docs/costs.md#why-2)', 'names no heading'],
  ['[a](docs/costs.md#in-code)', 'names no heading'],
  ['[a](#nothing)', 'names no heading'],
  ['[a](../README.md)', 'leads out of the repository'],
  ['![a](docs/nothing.png)', 'leads nowhere'],
])('%j is not', (text, problem) => {
  expect(check(text)).toEqual([expect.stringContaining(problem)]);
});

function check(text: string) {
  const documents = [
    { path: 'README.md', text },
    { path: 'docs/costs.md', text: HEADINGS },
  ];
  return checkLinks(documents, (path) => ['README.md', 'docs', 'docs/costs.md'].includes(path));
}
