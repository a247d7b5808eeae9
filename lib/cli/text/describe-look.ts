import { JobError } from '../../core/errors/job-error.ts';
import { toMoment } from '../../core/text/to-moment.ts';
import { toPrintable } from '../../core/text/to-printable.ts';
import type { PeekReport } from '../../use-cases/dead-letters/peek-dead-letters.ts';
import type { Unseen, WaitingReason } from '../../use-cases/dead-letters/unseen-messages.ts';
import { plural } from './plural.ts';

type LookEnd = Pick<PeekReport, 'ended' | 'seen' | 'unseen' | 'ledgerFailure'>;

/** What a person has to know about a look that did not show everything, a sentence each. */
export function describeLook({ ended, seen, unseen, ledgerFailure }: LookEnd): string[] {
  const sentences: string[] = [];
  if (ended === 'interrupted') sentences.push(`Interrupted after ${plural(seen, 'message')}.`);
  if (ended === 'max') sentences.push(`Only the first ${plural(seen, 'message')} were looked at (--max).`);
  if (ended === 'time') {
    sentences.push(
      `It took too long: ended after ${plural(seen, 'message')}. Run it again, or with a filter.`,
    );
  }
  sentences.push(...describeHidden(unseen), ...describeWaiting(unseen));
  if (ledgerFailure !== undefined) {
    const code = ledgerFailure instanceof JobError ? ledgerFailure.message : 'unexpected';
    sentences.push(`The ledger did not answer (${code}): reasons are missing, and redrives are not counted.`);
  }
  return sentences;
}

function describeHidden({ hidden, hiddenUntilMs, hiddenSinceMs }: Unseen): string[] {
  if (hidden === 0) return [];
  const until = toMoment(hiddenUntilMs);
  const by =
    hiddenSinceMs === undefined
      ? `another reader hides them. SQS does not say until when: ${until} at the latest.`
      : `a look or a redrive hides them that began at ${toMoment(hiddenSinceMs)} and has not ended, or was killed: until ${until} at the latest.`;
  return [`About ${plural(hidden, 'message')} could not be seen: ${by}`];
}

function describeWaiting({ waiting, waitingReason, fullGroups }: Unseen): string[] {
  if (waitingReason === undefined || waitingReason === 'not_looked_at') return [];
  const names = fullGroups.slice(0, MOST_NAMED).map((group) => toPrintable(group, MAX_NAME_LENGTH));
  const more = fullGroups.length > MOST_NAMED ? `, and ${fullGroups.length - MOST_NAMED} more` : '';
  const ten = `behind ten others of their session, and SQS hands out no more of one (${names.join(', ')}${more})`;
  const reasons: Readonly<Record<Exclude<WaitingReason, 'not_looked_at'>, string>> = {
    behind_ten: `they are ${ten}. Redrive or drop the first ten.`,
    behind_hidden: 'they are behind hidden ones of their session.',
    behind_ten_or_hidden: `they are behind hidden ones of their session, or ${ten}.`,
    unknown: 'SQS counted them and did not hand them out. Run it again in a minute.',
  };
  return [`About ${plural(waiting, 'message')} could not be seen: ${reasons[waitingReason]}`];
}

const MOST_NAMED = 3;
// A website, a colon and a session.
const MAX_NAME_LENGTH = 120;
