import { type DeadLetterFilter, matchesFilter } from '../../core/dead-letter/dead-letter-filter.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DeadLetterQueue } from '../../ports/dead-letter-queue.ts';
import type { PeekDeadLetters, PeekReport } from './peek-dead-letters.ts';

export interface DropDeadLettersDependencies {
  readonly peek: PeekDeadLetters;
  readonly queue: Pick<DeadLetterQueue, 'delete'>;
  readonly clock: Clock;
}

export interface DropDeadLettersOptions {
  readonly filter: DeadLetterFilter;
  readonly max?: number | undefined;
  readonly signal: AbortSignal;
}

export interface DropReport extends PeekReport {
  readonly dropped: number;
  /** Left, because SQS did not delete them. */
  readonly failed: number;
  /** Left, because they died while it ran: nobody can have meant them. */
  readonly arrived: number;
}

/**
 * Deletes the dead letters that a filter admits, for good. What they asked for is not done; the next event of the session,
 * or an enqueue by hand, asks anew.
 */
export function createDropDeadLetters({ peek, queue, clock }: DropDeadLettersDependencies) {
  return async ({ filter, max, signal }: DropDeadLettersOptions): Promise<DropReport> => {
    const startedMs = clock.nowMs();
    let [dropped, failed, arrived] = [0, 0, 0];
    const report = await peek({ max, signal }, async (letters) => {
      const matching = letters.filter((letter) => matchesFilter(letter, filter));
      const meant = matching.filter(({ deadSinceMs = 0 }) => deadSinceMs <= startedMs);
      const handles = meant.map(({ receiptHandle }) => receiptHandle);
      const deleted = await queue.delete(handles);
      const gone = handles.filter((_handle, index) => deleted[index] === true);
      dropped += gone.length;
      failed += handles.length - gone.length;
      arrived += matching.length - meant.length;
      return { gone };
    });
    return { ...report, dropped, failed, arrived };
  };
}
