import { isJobErrorCode, JobError } from '../../core/errors/job-error.ts';
import type { FailureNote } from '../../core/retry/failure-note.ts';
import { type LedgerItem, readNumber } from './ledger-table.ts';

/** What a `failure` item of the ledger says. Throws `ledger_failed` where it is none. */
export function toFailureNote(item: LedgerItem): FailureNote {
  const code = item.code?.S ?? '';
  if (!isJobErrorCode(code)) throw new JobError('ledger_failed', { detail: 'no_failure' });
  const failures = readNumber(item.failures);
  return {
    code,
    detail: item.detail?.S,
    hint: item.hint?.S,
    status: item.httpStatus && readNumber(item.httpStatus),
    failures,
    isFinal: readNumber(item.permanents) > 0 || failures >= readNumber(item.maxAttempts),
    firstMs: readNumber(item.firstMs),
    lastMs: readNumber(item.lastMs),
  };
}
