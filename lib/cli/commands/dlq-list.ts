import { toDeadLetterJson } from '../../core/dead-letter/dead-letter-json.ts';
import type { DeadLetterList } from '../../use-cases/dead-letters/list-dead-letters.ts';
import { isWholeLook } from '../../use-cases/dead-letters/unseen-messages.ts';
import { defineCommand } from '../command.ts';
import { count } from '../options/count.ts';
import { FILTER_OPTIONS, toFilter } from '../options/dead-letter-filter.ts';
import { describeGroups } from '../text/describe-groups.ts';
import { describeLook } from '../text/describe-look.ts';
import { DEAD_LETTER_HEAD, formatDeadLetter } from '../text/format-dead-letter.ts';
import { toGroupJson } from '../text/group-json.ts';
import { createListJson } from '../text/list-json.ts';
import { toLookJson } from '../text/look-json.ts';
import { plural } from '../text/plural.ts';

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
