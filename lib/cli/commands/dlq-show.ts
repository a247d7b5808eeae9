import { type DeadLetter, toDeadLetterJson, toReasonText } from '../../dead-letters/dead-letter.ts';
import { toMoment, toPrintable, toVisibleJson } from '../../text.ts';
import { defineCommand, toUsageError } from '../command.ts';
import { FILTER_OPTIONS } from '../options.ts';
import { formatDuration, formatRow, toSentence } from '../output.ts';
import { describeLook } from './dlq-output.ts';

// Ids and moments take a few hundred characters; what is longer was not ours.
const MAX_BODY_LENGTH = 1000;
const MAX_HINT_LENGTH = 2000;

export const command = defineCommand({
  options: { id: FILTER_OPTIONS.id, max: FILTER_OPTIONS.max },
  examples: ['dlq show 5fea7756-0ea4-451a-a703-a558b933e274 --stage prod'],
  async run({ options, words, isJson, output, signal, clock, commandLine, connect }) {
    const [messageId, ...more] = [...words, ...(options.id ?? [])];
    if (messageId === undefined || more.length > 0) {
      throw toUsageError(
        `say which message: dlq show MESSAGE, with an id from \`${commandLine('dlq list')}\``,
      );
    }
    const { deadLetters } = await connect();
    const report = await deadLetters.show(messageId, { max: options.max, signal });
    const { letter } = report;
    if (isJson) {
      await output.write(`${toVisibleJson({ ...toDeadLetterJson(letter), body: letter.body }, 2)}\n`);
      return 0;
    }
    await output.write(describe(letter, clock.nowMs()));
    for (const sentence of describeLook({ ...report, ended: 'enough' })) output.warn(sentence);
    return 0;
  },
});

function describe(letter: DeadLetter, nowMs: number): string {
  const { reason, session } = letter;
  const rows: readonly (readonly [name: string, text: string | undefined])[] = [
    ['message', letter.messageId],
    ['website', session?.websiteId],
    ['session', letter.sessionId],
    ['mode', letter.mode],
    ['reason', toPrintable(toReasonText(reason))],
    ['', reason.hint === undefined ? undefined : toSentence(reason.hint, MAX_HINT_LENGTH)],
    ['failed in', reason.stage],
    ['HTTP status', reason.status?.toString()],
    ['attempts', String(letter.attempts)],
    ['receives', `${letter.receives} (each look adds one)`],
    ['first failed', toMoment(letter.firstFailedMs)],
    ['last failed', toMoment(letter.lastFailedMs)],
    ['requested', toMoment(letter.requestedMs)],
    ['dead since', toMoment(letter.deadSinceMs)],
    ['expires', toExpiry(letter.expiresMs, nowMs)],
    ['body', toPrintable(letter.body, MAX_BODY_LENGTH)],
  ];
  return rows.map(([name, text]) => (text === undefined ? '' : formatRow([name, text], [12]))).join('');
}

function toExpiry(expiresMs: number | undefined, nowMs: number): string | undefined {
  const moment = toMoment(expiresMs);
  return moment && `${moment}, in ${formatDuration((expiresMs ?? nowMs) - nowMs)}`;
}
