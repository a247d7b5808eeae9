import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CATALOGUE } from '../chaos/faults/catalogue.ts';
import { toFaultTable } from './fault-table.ts';

test('faults.md is the catalogue of the chaos runs (node scripts/generate-fault-table.ts writes it)', () => {
  const document = readFileSync(new URL('../../docs/faults.md', import.meta.url), 'utf8');

  expect(document).toBe(toFaultTable(CATALOGUE));
});

test('a fault that no run can inject has its reason and its test in the table', () => {
  const table = toFaultTable([
    { id: 'F70', title: 'The disk is full', why: 'There is none.', coveredBy: 'test/disk.test.ts' },
  ]);

  expect(table).toContain('1 faults: 0 that a chaos run injects, and 1 that');
  expect(table).toContain(
    '| F70 | The disk is full | There is none. See [test/disk.test.ts](../test/disk.test.ts). |',
  );
});
