import { toDeadLetterJson } from '../../dead-letters/dead-letter.ts';
import { isWholeLook } from '../../dead-letters/unseen.ts';
import { toLookJson } from '../../operate/json.ts';
import { plural, toVisibleJson } from '../../text.ts';
import { defineCommand } from '../command.ts';
import { openExportFile } from '../files.ts';
import { EXPORT_OPTIONS, FILTER_OPTIONS, toFilter } from '../options.ts';
import { describeLook } from './dlq-output.ts';

export const command = defineCommand({
  isData: true,
  options: {
    ...FILTER_OPTIONS,
    ...EXPORT_OPTIONS,
  },
  examples: ['dlq export --output dead.jsonl --stage prod', 'dlq export --failed-in decode | head -1'],
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
