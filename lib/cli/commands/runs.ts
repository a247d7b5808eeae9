import { toVisibleJson } from '../../core/text/to-visible.ts';
import { defineCommand } from '../command.ts';
import { findSession, SESSION_OPTIONS } from '../options/find-session.ts';
import { formatRun, RUN_HEAD } from '../text/format-run.ts';
import { toRunJson } from '../text/run-json.ts';

export const runs = defineCommand({
  name: 'runs',
  summary: 'what each run of a session came to, newest first',
  words: 'SESSION',
  options: SESSION_OPTIONS,
  async run(context) {
    const { options, isJson, output, connect } = context;
    const operations = await connect();
    const session = await findSession(context, operations);
    const found = await operations.runHistory.ofSession(session, { limit: options.limit ?? DEFAULT_LIMIT });
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

const DEFAULT_LIMIT = 50;
