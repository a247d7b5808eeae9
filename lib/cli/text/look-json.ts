import { JobError } from '../../core/errors/job-error.ts';
import type { PeekReport } from '../../use-cases/dead-letters/peek-dead-letters.ts';

/** How far a look went, as programs read it. */
export function toLookJson({ seen, ended, visibleAtStart, ledgerFailure }: PeekReport) {
  return {
    seen,
    unseen: Math.max(0, visibleAtStart - seen),
    ended,
    ledger_failure:
      ledgerFailure === undefined
        ? null
        : ledgerFailure instanceof JobError
          ? ledgerFailure.reason
          : 'unexpected',
  };
}
