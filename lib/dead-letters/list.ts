import { OperationError } from '../errors.ts';
import { toMoment, toPrintable } from '../text.ts';
import type { DeadLetter } from './dead-letter.ts';
import {
  createDeadLetterGroups,
  type DeadLetterFilter,
  type DeadLetterGroup,
  matchesFilter,
} from './filter.ts';
import { type LookContext, type PeekedDeadLetter, type PeekReport, peekDeadLetters } from './peek.ts';

export interface ListDeadLettersOptions {
  readonly filter: DeadLetterFilter;
  readonly max?: number | undefined;
  readonly signal: AbortSignal;
  /** Called with each that matches, as it is seen; nothing of them is kept here. */
  readonly onLetter?: (letter: PeekedDeadLetter) => Promise<void>;
}

export interface DeadLetterList extends PeekReport {
  readonly matched: number;
  /** Those that matched, by code. */
  readonly groups: readonly DeadLetterGroup[];
}

/** Shows what waits in the dead-letter queue, and changes nothing. Its memory does not grow with what the letters say. */
export async function listDeadLetters(
  context: LookContext,
  { filter, max, signal, onLetter }: ListDeadLettersOptions,
): Promise<DeadLetterList> {
  const groups = createDeadLetterGroups();
  let matched = 0;
  const report = await peekDeadLetters(context, { max, signal }, async (letters) => {
    for (const letter of letters) {
      if (!matchesFilter(letter, filter)) continue;
      matched += 1;
      groups.add(letter);
      await onLetter?.(letter);
    }
    return undefined;
  });
  return { ...report, matched, groups: groups.list() };
}

export interface ShowDeadLetterOptions {
  readonly max?: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Finds one message of the dead-letter queue: SQS has no look-up by id, so the queue is gone through until it comes.
 * Throws `OperationError` `message_not_found`.
 */
export async function showDeadLetter(
  context: LookContext,
  messageId: string,
  options: ShowDeadLetterOptions,
): Promise<PeekReport & { readonly letter: DeadLetter }> {
  let found: DeadLetter | undefined;
  const report = await peekDeadLetters(context, options, async (letters) => {
    found = letters.find((letter) => letter.messageId === messageId);
    return { isEnough: found !== undefined };
  });
  if (found) return { ...report, letter: found };
  const { hidden, hiddenUntilMs, waiting } = report.unseen;
  const others =
    (hidden > 0
      ? `; ${hidden} more are hidden by another reader, until ${toMoment(hiddenUntilMs)} at the latest`
      : '') + (waiting > 0 ? `; ${waiting} more could not be seen` : '');
  throw new OperationError(
    'message_not_found',
    `no message with id ${toPrintable(messageId)} in the first ${report.seen} peeked${others}`,
  );
}

export interface DropDeadLettersOptions {
  readonly filter: DeadLetterFilter;
  readonly max?: number | undefined;
  readonly signal: AbortSignal;
}

interface DropReport extends PeekReport {
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
export async function dropDeadLetters(
  context: LookContext,
  { filter, max, signal }: DropDeadLettersOptions,
): Promise<DropReport> {
  const startedMs = context.clock.nowMs();
  let [dropped, failed, arrived] = [0, 0, 0];
  const report = await peekDeadLetters(context, { max, signal }, async (letters) => {
    const matching = letters.filter((letter) => matchesFilter(letter, filter));
    const meant = matching.filter(({ deadSinceMs = 0 }) => deadSinceMs <= startedMs);
    const handles = meant.map(({ receiptHandle }) => receiptHandle);
    const deleted = await context.queue.delete(handles);
    const gone = handles.filter((_handle, index) => deleted[index] === true);
    dropped += gone.length;
    failed += handles.length - gone.length;
    arrived += matching.length - meant.length;
    return { gone };
  });
  return { ...report, dropped, failed, arrived };
}
