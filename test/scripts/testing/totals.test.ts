import { expect, test } from 'vitest';
import { addTotals, formatTotals, isGreen } from '../../../scripts/testing/totals.ts';

const skipped = [{ name: 'a', reason: 'b' }];

test('the last line counts what passed, failed and was skipped over all steps', () => {
  const totals = addTotals([
    { passed: 1, failed: 0, skipped: [] },
    { passed: 20, failed: 3, skipped },
  ]);

  expect(formatTotals(totals)).toBe('21 passed, 3 failed, 1 skipped');
});

test.each([
  [{ passed: 1, failed: 0, skipped }, true],
  [{ passed: 9, failed: 1, skipped: [] }, false],
  [{ passed: 0, failed: 0, skipped: [] }, false],
  [{ passed: 0, failed: 0, skipped }, false],
])('%o is green: %s', (totals, expected) => {
  expect(isGreen(totals)).toBe(expected);
});
