import { toRunJson } from '../../operate/json.ts';
import { toVisibleJson } from '../../text.ts';
import { defineCommand } from '../command.ts';
import { DEFAULT_RUNS, findSession, SESSION_OPTIONS } from '../options.ts';
import { formatRun, RUN_HEAD } from '../output.ts';

export const command = defineCommand({
  options: SESSION_OPTIONS,
  examples: ['runs session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881 --limit 5'],
  async run(context) {
    const { options, isJson, output, connect } = context;
    const operations = await connect();
    const session = await findSession(context, operations);
    const found = await operations.runHistory.ofSession(session, { limit: options.limit ?? DEFAULT_RUNS });
    if (isJson) {
      const json = {
        website_id: session.websiteId,
        session_id: session.sessionId,
        runs: found.map(toRunJson),
      };
      await output.write(`${toVisibleJson(json, 2)}\n`);
      return 0;
    }
    if (found.length === 0) {
      await output.write(`No run of ${session.sessionId} is known: it was not asked for within 30 days.\n`);
      return 0;
    }
    await output.write([RUN_HEAD, ...found.map(formatRun)].join(''));
    return 0;
  },
});
