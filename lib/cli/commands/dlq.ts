import { type DeadLetter, toDeadLetterJson, toReasonText } from '../../dead-letters/dead-letter.ts';
import type { DeadLetterList } from '../../dead-letters/peek.ts';
import { isWholeLook } from '../../dead-letters/queue.ts';
import { plural, toMoment, toPrintable, toVisibleJson } from '../../text.ts';
import { defineCommand, flag, toUsageError, value } from '../command.ts';
import { openExportFile } from '../files.ts';
import { count, FILTER_OPTIONS, toFilter } from '../options.ts';
import { formatDuration, formatRow, toSentence } from '../output.ts';
import {
  createListJson,
  DEAD_LETTER_HEAD,
  describeGroups,
  describeLook,
  formatDeadLetter,
  toGroupJson,
  toLookJson,
} from './dlq-output.ts';

const DEFAULT_ROWS = 20;

export const dlqList = defineCommand({
  name: 'dlq list',
  summary: 'what waits in the dead-letter queue, and why; changes nothing',
  options: {
    ...FILTER_OPTIONS,
    rows: count({
      help: `show no more rows than that (default ${DEFAULT_ROWS}; all with --json); all are counted`,
      min: 0,
      max: 1_000_000,
      unit: 'rows',
    }),
  },
  async run({ options, isJson, output, signal, clock, connect }) {
    const { deadLetters } = await connect();
    const { rows = isJson ? Number.POSITIVE_INFINITY : DEFAULT_ROWS, max } = options;
    const json = createListJson(output, 'dead_letters');
    let shown = 0;
    const list = await deadLetters.list({
      filter: toFilter(options),
      max,
      signal,
      async onLetter(letter) {
        if (shown === rows) return;
        shown += 1;
        if (isJson) return json.add(toDeadLetterJson(letter));
        if (shown === 1) await output.write(DEAD_LETTER_HEAD);
        await output.write(formatDeadLetter(letter, clock.nowMs()));
      },
    });

    if (isJson) {
      await json.end({ matched: list.matched, groups: list.groups.map(toGroupJson), ...toLookJson(list) });
      return isWholeLook(list) ? 0 : 3;
    }
    const more = list.matched - shown;
    if (more > 0) await output.write(`… and ${more} more (--rows N shows them)\n`);
    if (shown > 0) await output.write('\n');
    await output.write(describeGroups(list.groups, clock.nowMs()));
    await output.write(`${toTotal(list)}\n`);
    for (const sentence of describeLook(list)) output.warn(sentence);
    return isWholeLook(list) ? 0 : 3;
  },
});

function toTotal({ matched, seen, ended, unseen }: DeadLetterList): string {
  if (seen === 0 && ended === 'end' && unseen.count === 0) return 'The dead-letter queue is empty.';
  if (seen === 0) return 'No dead letter could be seen.';
  const which = matched === seen ? '' : ` of ${seen}`;
  return `${plural(matched, 'dead letter')}${which}. \`dlq show MESSAGE\` tells more of one, docs/errors.md what a code means.`;
}

export const dlqExport = defineCommand({
  name: 'dlq export',
  isData: true,
  summary: 'writes dead letters to a file, one JSON object a line; changes nothing in the queue',
  options: {
    ...FILTER_OPTIONS,
    output: value({
      placeholder: 'FILE',
      help: 'a new file, for its owner alone (default -: standard output)',
      expected: 'a file',
      read: (text) => (text === '' ? undefined : text),
    }),
    force: flag('replace a file that exists'),
  },
  async run({ options, isJson, output, signal, connect }) {
    const { output: path = '-', force, max } = options;
    const { deadLetters } = await connect();
    const file = path === '-' ? undefined : await openExportFile(path, { mayReplace: force });
    try {
      const list = await deadLetters.list({
        filter: toFilter(options),
        max,
        signal,
        onLetter(letter) {
          const line = `${toVisibleJson({ ...toDeadLetterJson(letter), body: letter.body })}\n`;
          return file ? file.write(line) : output.write(line);
        },
      });
      await file?.finish();
      for (const sentence of describeLook(list)) output.warn(sentence);
      if (file && isJson)
        await output.write(`${toVisibleJson({ exported: list.matched, ...toLookJson(list) })}\n`);
      else output.warn(`${plural(list.matched, 'dead letter')} exported${file ? ` to ${path}` : ''}.`);
      return isWholeLook(list) ? 0 : 3;
    } finally {
      await file?.abandon();
    }
  },
});

// Ids and moments take a few hundred characters; what is longer was not ours.
const MAX_BODY_LENGTH = 1000;
const MAX_HINT_LENGTH = 2000;

export const dlqShow = defineCommand({
  name: 'dlq show',
  summary: 'all that is known of one dead letter',
  words: 'MESSAGE',
  options: { id: FILTER_OPTIONS.id, max: FILTER_OPTIONS.max },
  async run({ options, words, isJson, output, signal, clock, connect }) {
    const [messageId, ...more] = [...words, ...(options.id ?? [])];
    if (messageId === undefined || more.length > 0) {
      throw toUsageError('say which message: dlq show MESSAGE, with an id from `dlq list`');
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
