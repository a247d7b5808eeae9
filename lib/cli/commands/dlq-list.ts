import { toDeadLetterJson } from '../../dead-letters/dead-letter.ts';
import type { DeadLetterList } from '../../dead-letters/list.ts';
import { isWholeLook } from '../../dead-letters/unseen.ts';
import { toGroupJson, toLookJson } from '../../operate/json.ts';
import { plural } from '../../text.ts';
import { defineCommand } from '../command.ts';
import { DEFAULT_ROWS, FILTER_OPTIONS, ROWS_OPTION, toFilter } from '../options.ts';
import {
  createListJson,
  DEAD_LETTER_HEAD,
  describeGroups,
  describeLook,
  formatDeadLetter,
} from './dlq-output.ts';

export const command = defineCommand({
  options: {
    ...FILTER_OPTIONS,
    rows: ROWS_OPTION,
  },
  examples: ['dlq list --stage prod', "dlq list --code 'crisp_*' --since 2h"],
  async run({ options, isJson, output, signal, clock, commandLine, connect }) {
    const { deadLetters } = await connect();
    const { rows = isJson ? Number.POSITIVE_INFINITY : DEFAULT_ROWS, max } = options;
    const json = createListJson(output, 'dead_letters');
    let shown = 0;
    let first: string | undefined;
    const list = await deadLetters.list({
      filter: toFilter(options),
      max,
      signal,
      async onLetter(letter) {
        if (shown === rows) return;
        shown += 1;
        first ??= letter.messageId;
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
    if (first !== undefined) {
      await output.write(
        `All about the first one: \`${commandLine(`dlq show ${first}`)}\`; docs/errors.md explains the codes.\n`,
      );
    }
    for (const sentence of describeLook(list)) output.warn(sentence);
    return isWholeLook(list) ? 0 : 3;
  },
});

function toTotal({ matched, seen, ended, unseen }: DeadLetterList): string {
  if (seen === 0 && ended === 'end' && unseen.count === 0) return 'The dead-letter queue is empty.';
  if (seen === 0) return 'No dead letter could be seen.';
  const which = matched === seen ? '' : ` of ${seen}`;
  return `${plural(matched, 'dead letter')}${which}.`;
}
