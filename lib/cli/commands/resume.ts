import { toVisibleJson } from '../../text.ts';
import { defineCommand } from '../command.ts';
import { toPatience } from '../output.ts';

export const command = defineCommand({
  options: {},
  examples: ['resume --stage prod'],
  async run({ isJson, output, connect }) {
    const operations = await connect();
    const result = await operations.resume();
    if (isJson) {
      const code = result.outcome === 'noted' ? result.code : null;
      await output.write(`${toVisibleJson({ outcome: result.outcome, code })}\n`);
      return 0;
    }
    await output.write(
      result.outcome === 'resumed'
        ? `Resumed: deliveries begin within ${toPatience(operations.stage)}.\n`
        : 'The pause is over; deliveries could not be turned on just now, so the probe does it as soon as Crisp answers.\n',
    );
    return 0;
  },
});
