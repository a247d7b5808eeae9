import { JobError } from '../../core/errors/job-error.ts';
import type { PeekReport } from '../../use-cases/dead-letters/peek-dead-letters.ts';
import { plural } from './plural.ts';

/** What a person has to know about a look that did not show everything, a sentence each. */
export function describeLook({ ended, seen, visibleAtStart, ledgerFailure }: PeekReport): string[] {
  const unseen = visibleAtStart - seen;
  const sentences: string[] = [];
  if (ended === 'interrupted') sentences.push(`Interrupted after ${plural(seen, 'message')}.`);
  if (ended === 'max') sentences.push(`Only the first ${plural(seen, 'message')} were looked at (--max).`);
  if (ended === 'time') {
    sentences.push(
      `It took too long: ended after ${plural(seen, 'message')}. Run it again, or with a filter.`,
    );
  }
  if (ended === 'end' && unseen > 0) {
    sentences.push(
      `About ${unseen} more could not be seen: hidden by another reader, or behind ten others of their session.`,
    );
  }
  if (ledgerFailure !== undefined) {
    const code = ledgerFailure instanceof JobError ? ledgerFailure.message : 'unexpected';
    sentences.push(`The ledger did not answer (${code}): reasons are missing, and redrives are not counted.`);
  }
  return sentences;
}
