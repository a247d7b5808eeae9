import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_RETRY_AFTER_MS, parseRetryAfter } from '../../../lib/core/crisp/retry-after.ts';

const NOW_MS = Date.parse('2026-11-23T12:00:00Z');

test.each([
  ['0', 0],
  ['5', 5_000],
  [' 120 ', 120_000],
  ['3600', 3_600_000],
  ['3601', 3_600_000],
  ['999999', MAX_RETRY_AFTER_MS],
  ['9'.repeat(400), MAX_RETRY_AFTER_MS],
  ['Mon, 23 Nov 2026 12:02:00 GMT', 120_000],
  ['Mon, 23 Nov 2026 11:00:00 GMT', 0],
  ['Tue, 23 Nov 2027 12:00:00 GMT', MAX_RETRY_AFTER_MS],
])('%j asks for %d ms', (value, delayMs) => {
  expect(parseRetryAfter(value, NOW_MS)).toBe(delayMs);
});

test.each([
  undefined,
  '',
  '-1',
  '1.5',
  '1e3',
  '0x10',
  'banana',
  '2026-11-23',
  'Mon, 99 Nov 2026 12:00:00 GMT',
  '٣',
])('%j asks for nothing', (value) => {
  expect(parseRetryAfter(value, NOW_MS)).toBeUndefined();
});

test('a wait is always between 0 and an hour', () => {
  const value = fc.oneof(
    fc.string(),
    fc.nat().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  );

  fc.assert(
    fc.property(value, (text) => {
      const delayMs = parseRetryAfter(text, NOW_MS);
      return delayMs === undefined || (delayMs >= 0 && delayMs <= MAX_RETRY_AFTER_MS);
    }),
  );
});
