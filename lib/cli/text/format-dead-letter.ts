import { type DeadLetter, toReasonText } from '../../core/dead-letter/dead-letter.ts';
import { toPrintable } from '../../core/text/to-printable.ts';
import { formatDuration } from './format-duration.ts';
import { formatRow } from './format-row.ts';
import { toSentence } from './to-sentence.ts';

// Ids of messages and sessions in their usual length.
const COLUMNS = [36, 44, 8, 8, 10];

export const DEAD_LETTER_HEAD = formatRow(
  ['MESSAGE', 'SESSION', 'ATTEMPTS', 'DEAD FOR', 'EXPIRES IN', 'REASON'],
  COLUMNS,
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
    COLUMNS,
  );
}

function toReason({ reason }: DeadLetter): string {
  const text = toPrintable(toReasonText(reason));
  return reason.hint === undefined ? text : `${text} (${toSentence(reason.hint)})`;
}
