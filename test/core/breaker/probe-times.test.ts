import { expect, test } from 'vitest';
import { isBlindLookDue, isLookDue } from '../../../lib/core/breaker/probe-times.ts';

const HOUR_MS = 3_600_000;

test('a schedule that is ten seconds early does not put a look off by a minute', () => {
  expect(isLookDue({ nextProbeMs: 100_000 }, 90_000)).toBe(true);
  expect(isLookDue({ nextProbeMs: 100_000 }, 89_999)).toBe(false);
});

test('without the ledger four of an hour’s sixty runs look', () => {
  const runs = Array.from({ length: 60 }, (_, minute) => 17 * HOUR_MS + 4321 + minute * 60_000);

  expect(runs.filter(isBlindLookDue)).toHaveLength(4);
});
