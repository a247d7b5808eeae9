import { JobError } from '../../core/errors/job-error.ts';
import { toMoment } from '../../core/text/to-moment.ts';
import type { PeekReport } from '../../use-cases/dead-letters/peek-dead-letters.ts';
import type { Unseen } from '../../use-cases/dead-letters/unseen-messages.ts';

/** How far a look went, as programs read it. */
export function toLookJson({ seen, ended, unseen, ledgerFailure }: PeekReport) {
  return {
    seen,
    unseen: unseen.count,
    ...toHiddenJson(unseen),
    waiting: unseen.waiting,
    waiting_reason: unseen.waitingReason ?? null,
    ended,
    ledger_failure:
      ledgerFailure === undefined
        ? null
        : ledgerFailure instanceof JobError
          ? ledgerFailure.reason
          : 'unexpected',
  };
}

/** What other readers hide, until when at the latest, and since when where the ledger knows. */
export function toHiddenJson({ hidden, hiddenUntilMs, hiddenSinceMs }: Unseen) {
  return {
    hidden,
    hidden_until: toMoment(hiddenUntilMs) ?? null,
    hidden_since: toMoment(hiddenSinceMs) ?? null,
  };
}
