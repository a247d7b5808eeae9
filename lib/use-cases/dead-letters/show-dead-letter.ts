import type { DeadLetter } from '../../core/dead-letter/dead-letter.ts';
import { OperationError } from '../../core/errors/operation-error.ts';
import { toMoment } from '../../core/text/to-moment.ts';
import { toPrintable } from '../../core/text/to-printable.ts';
import type { PeekDeadLetters, PeekReport } from './peek-dead-letters.ts';

export interface ShowDeadLetterOptions {
  readonly max?: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Finds one message of the dead-letter queue: SQS has no look-up by id, so the queue is gone through until it comes.
 * Throws `OperationError` `message_not_found`.
 */
export function createShowDeadLetter({ peek }: { readonly peek: PeekDeadLetters }) {
  return async (
    messageId: string,
    options: ShowDeadLetterOptions,
  ): Promise<PeekReport & { readonly letter: DeadLetter }> => {
    let found: DeadLetter | undefined;
    const report = await peek(options, async (letters) => {
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
  };
}
