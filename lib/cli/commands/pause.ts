import type { OperatedStage } from '../../operate/operated-stage.ts';
import { toVisibleJson } from '../../text.ts';
import { defineCommand, value } from '../command.ts';

export const resume = defineCommand({
  name: 'resume',
  summary: 'ends a pause, and closes the breaker',
  options: {},
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

/** How long the event source mapping takes to change. */
function toPatience({ consumer }: OperatedStage): string {
  return consumer ? 'a minute' : 'seconds';
}

export const pause = defineCommand({
  name: 'pause',
  summary: 'holds the queue until `resume`; hooks are taken in meanwhile',
  options: {
    reason: value({
      placeholder: 'TEXT',
      help: 'why, for whoever looks',
      expected: 'a sentence of up to 200 characters',
      read: (text) => (text.trim() !== '' && text.length <= 200 ? text : undefined),
    }),
  },
  async run({ options, isJson, output, connect }) {
    const operations = await connect();
    const result = await operations.pause(options.reason ?? 'paused by an operator');
    if (isJson) {
      const { outcome } = result;
      const code = result.outcome === 'noted' ? result.code : null;
      await output.write(`${toVisibleJson({ outcome, code })}\n`);
      return 0;
    }
    await output.write(
      result.outcome === 'paused'
        ? `Paused: deliveries end within ${toPatience(operations.stage)}, and hooks are taken in. \`resume\` ends it.\n`
        : 'Noted: the probe ends deliveries within a minute, and hooks are taken in. `resume` ends it.\n',
    );
    return 0;
  },
});
