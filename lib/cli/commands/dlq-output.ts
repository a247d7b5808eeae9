import { type DeadLetter, toReasonText } from '../../dead-letters/dead-letter.ts';
import type { DeadLetterGroup } from '../../dead-letters/filter.ts';
import type { PeekReport } from '../../dead-letters/peek.ts';
import type { RedriveResult } from '../../dead-letters/redrive.ts';
import { isWholeLook, type Unseen, type WaitingReason } from '../../dead-letters/unseen.ts';
import { JobError } from '../../errors.ts';
import { plural, toMoment, toPrintable, toVisibleJson } from '../../text.ts';
import { formatDuration, formatRow, type Output, toSentence } from '../output.ts';

const GROUP_COLUMNS = [28, 7, 10];

/** The table of codes; empty where there are none. */
export function describeGroups(groups: readonly DeadLetterGroup[], nowMs: number): string {
  if (groups.length === 0) return '';
  const rows = groups.map(({ code, count, oldestMs, expiresMs }) => [
    code,
    String(count),
    formatDuration(oldestMs === undefined ? undefined : nowMs - oldestMs),
    formatDuration(expiresMs === undefined ? undefined : expiresMs - nowMs),
  ]);
  return [['CODE', 'COUNT', 'OLDEST', 'FIRST EXPIRES IN'], ...rows]
    .map((cells) => formatRow(cells, GROUP_COLUMNS))
    .join('');
}

interface RedriveDescription {
  readonly moved: number;
  /** False where something that was meant is left. */
  readonly isComplete: boolean;
  /** True where something is left that ought to have been moved, and not because a rule or a reader keeps it. */
  readonly hasFailed: boolean;
  readonly sentences: readonly string[];
}

/** What a redrive did, for a person. */
export function describeRedrive(
  result: RedriveResult,
  commandLine: (words: string) => string,
): RedriveDescription {
  switch (result.by) {
    case 'nothing':
      return {
        moved: 0,
        isComplete: result.matched === 0 && isWholeLook(result),
        hasFailed: false,
        sentences: ['Nothing moved.', ...describeLook(result)],
      };
    case 'move-task': {
      const { moved, left, arrived, wasCancelled, unseen, ledgerFailure } = result;
      const sentence = `${plural(moved, 'message')} moved, ${left} left, ${arrived} new since.`;
      const look = { ended: 'end' as const, seen: moved, unseen: withoutMoved(unseen), ledgerFailure };
      return {
        moved,
        isComplete: left === 0 && !wasCancelled && look.unseen.count === 0,
        hasFailed: left > 0 || wasCancelled,
        sentences: [...(wasCancelled ? ['Cancelled.'] : []), sentence, ...describeLook(look)],
      };
    }
    case 'enqueue':
      return describeEnqueued(result, commandLine);
    default:
      return result satisfies never;
  }
}

function describeEnqueued(
  result: Extract<RedriveResult, { by: 'enqueue' }>,
  commandLine: (words: string) => string,
): RedriveDescription {
  const { moved, duplicated, failed, exhausted, unreadable, interrupted, postponed, arrived } = result;
  const left = duplicated + failed + exhausted + unreadable + interrupted + postponed;
  const reasons: readonly (readonly [number, string])[] = [
    [exhausted, 'left: redriven too often within 24 hours (redrive_exhausted; --max-redrives N overrides)'],
    [
      postponed,
      'left: live events need the calls that are left today (quota_spare_spent); run the redrive again later',
    ],
    [
      unreadable,
      `left: names no session, or no website where there are several; only \`${commandLine('dlq redrive')}\`, without a filter or --max, moves it`,
    ],
    [failed, 'left: the sessions queue did not take it; run the redrive again'],
    [duplicated, 'enqueued, but not deleted here; the next redrive brings a harmless duplicate'],
    [interrupted, 'left: interrupted'],
  ];
  return {
    moved,
    isComplete: left === 0 && isWholeLook(result),
    hasFailed: failed + duplicated + interrupted > 0,
    sentences: [
      `${plural(moved, 'message')} moved, ${left} left, ${arrived} new since.`,
      ...reasons
        .filter(([count]) => count > 0)
        .map(([count, reason]) => `${plural(count, 'message')} ${reason}.`),
      ...describeNoMatch(moved + left, result),
      ...describeLook(result),
    ],
  };
}

/** Nothing moved and nothing left may be a code that was misspelt. */
export function describeNoMatch(matched: number, { seen }: Pick<PeekReport, 'seen'>): string[] {
  return matched === 0 && seen > 0 ? [`None of ${plural(seen, 'message')} fits the filter.`] : [];
}

/** What waits behind ten others of its session was not seen, and is moved with them; what is hidden is not. */
function withoutMoved(unseen: Unseen): Unseen {
  const isLocked =
    unseen.waitingReason === 'behind_hidden' || unseen.waitingReason === 'behind_ten_or_hidden';
  return isLocked ? unseen : { ...unseen, count: unseen.hidden, waiting: 0, waitingReason: undefined };
}

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

// Ids of messages and sessions in their usual length.
const DEAD_LETTER_COLUMNS = [36, 44, 8, 8, 10];

export const DEAD_LETTER_HEAD = formatRow(
  ['MESSAGE', 'SESSION', 'ATTEMPTS', 'DEAD FOR', 'EXPIRES IN', 'REASON'],
  DEAD_LETTER_COLUMNS,
);

/** A dead letter as a row of the list. */
export function formatDeadLetter(letter: DeadLetter, nowMs: number): string {
  const { messageId, sessionId, attempts, deadSinceMs, expiresMs } = letter;
  return formatRow(
    [
      messageId,
      sessionId ?? '-',
      String(attempts),
      formatDuration(deadSinceMs === undefined ? undefined : nowMs - deadSinceMs),
      formatDuration(expiresMs === undefined ? undefined : expiresMs - nowMs),
      toReason(letter),
    ],
    DEAD_LETTER_COLUMNS,
  );
}

function toReason({ reason }: DeadLetter): string {
  const text = toPrintable(toReasonText(reason));
  return reason.hint === undefined ? text : `${text} (${toSentence(reason.hint)})`;
}

/** One JSON document with a list in it, written item by item: however long it gets, nothing of it is kept. */
interface ListJson {
  add(item: object): Promise<void>;
  /** Ends the list, and the document with further fields. */
  end(fields: object): Promise<void>;
}

export function createListJson(output: Output, name: string): ListJson {
  let written = 0;
  return {
    async add(item) {
      const before = written === 0 ? `{${toVisibleJson(name)}:[\n` : ',\n';
      written += 1;
      await output.write(`${before}${toVisibleJson(item)}`);
    },
    async end(fields) {
      const before = written === 0 ? `{${toVisibleJson(name)}:[]` : '\n]';
      const rest = toVisibleJson(fields).slice(1);
      await output.write(`${before}${rest === '}' ? '' : ','}${rest}\n`);
    },
  };
}
