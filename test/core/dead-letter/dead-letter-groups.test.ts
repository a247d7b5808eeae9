import { expect, test } from 'vitest';
import type { DeadLetter } from '../../../lib/core/dead-letter/dead-letter.ts';
import { createDeadLetterGroups } from '../../../lib/core/dead-letter/dead-letter-groups.ts';
import { toDeadLetter } from '../../../lib/core/dead-letter/to-dead-letter.ts';
import { aFailedRun } from '../../support/run-builders.ts';

function aDeadLetter(code: string, sentMs: number | undefined): DeadLetter {
  const received = { messageId: 'm', receiptHandle: 'h', body: '{}', receives: 20, sentMs };
  return toDeadLetter(
    received,
    { note: undefined, runs: [aFailedRun({ code })], isLedgerRead: true },
    { retentionSeconds: 60 },
  );
}

test('dead letters are counted by code, whatever their detail, the largest group first', () => {
  const groups = createDeadLetterGroups();
  for (const [code, sentMs] of [
    ['crisp_forbidden', 5000],
    ['bad_response:not_json', 3000],
    ['bad_response:truncated', 2000],
    ['bad_response', undefined],
  ] as const) {
    groups.add(aDeadLetter(code, sentMs));
  }

  expect(groups.list()).toEqual([
    { code: 'bad_response', count: 3, oldestMs: 2000, expiresMs: 62_000 },
    { code: 'crisp_forbidden', count: 1, oldestMs: 5000, expiresMs: 65_000 },
  ]);
});
