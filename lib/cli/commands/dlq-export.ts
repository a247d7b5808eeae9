import { toDeadLetterJson } from '../../core/dead-letter/dead-letter-json.ts';
import { toVisibleJson } from '../../core/text/to-visible.ts';
import { isWholeLook } from '../../use-cases/dead-letters/unseen-messages.ts';
import { defineCommand } from '../command.ts';
import { openExportFile } from '../files/open-export-file.ts';
import { FILTER_OPTIONS, toFilter } from '../options/dead-letter-filter.ts';
import { flag, value } from '../options/option.ts';
import { describeLook } from '../text/describe-look.ts';
import { toLookJson } from '../text/look-json.ts';
import { plural } from '../text/plural.ts';

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
