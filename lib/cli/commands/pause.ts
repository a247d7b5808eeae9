import { toVisibleJson } from '../../text.ts';
import { defineCommand, value } from '../command.ts';
import { toPatience } from '../output.ts';

export const command = defineCommand({
  options: {
    reason: value({
      placeholder: 'TEXT',
      help: 'why, for whoever looks',
      expected: 'a sentence of up to 200 characters',
      read: (text) => (text.trim() !== '' && text.length <= 200 ? text : undefined),
    }),
  },
  examples: ["pause --reason 'Crisp is being migrated' --stage prod"],
  async run({ options, isJson, output, commandLine, connect }) {
    const operations = await connect();
    const result = await operations.pause(options.reason ?? 'paused by an operator');
    if (isJson) {
      const { outcome } = result;
      const code = result.outcome === 'noted' ? result.code : null;
      await output.write(`${toVisibleJson({ outcome, code })}\n`);
      return 0;
    }
    const end = `\`${commandLine('resume')}\` ends it.\n`;
    await output.write(
      result.outcome === 'paused'
        ? `Paused: deliveries end within ${toPatience(operations.stage)}, and hooks are taken in. ${end}`
        : `Noted: the probe ends deliveries within a minute, and hooks are taken in. ${end}`,
    );
    return 0;
  },
});
