import { isJsonObject, type JsonObject, toMoment, toVisible, toVisibleJson } from '../../text.ts';
import { type CommandContext, defineCommand, flag, type Options, toUsageError, value } from '../command.ts';
import { openExportFile } from '../files.ts';
import { count, findSession, SESSION_OPTIONS } from '../options.ts';

const OPTIONS = {
  website: SESSION_OPTIONS.website,
  fetch: flag('from Crisp, now; announces nothing. Without it: the newest record of the archive'),
  version: count({ help: 'this version of the archive', min: 1, max: 1e15, unit: 'as a version' }),
  output: value({
    placeholder: 'FILE',
    help: 'its JSON, to a new file for its owner alone',
    expected: 'a file',
    read: (text) => (text === '' || text === '-' ? undefined : text),
  }),
  force: flag('replace a file that exists'),
} satisfies Options;

type Context = CommandContext<typeof OPTIONS>;

export const command = defineCommand({
  options: OPTIONS,
  examples: [
    'get session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881',
    'get session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881 --fetch --json --stage prod',
  ],
  async run(context) {
    const { options, isJson, output } = context;
    const { output: path, force } = options;
    if (options.fetch && options.version !== undefined)
      throw toUsageError('--fetch or --version, not both: Crisp has only what is now');
    const file = path === undefined ? undefined : await openExportFile(path, { mayReplace: force });
    try {
      const body = await read(context);
      await file?.write(`${body}\n`);
      await file?.finish();
      const record: unknown = JSON.parse(body);
      if (file) output.warn(`written to ${path}`);
      else if (isJson || !isJsonObject(record)) await output.write(`${toVisibleJson(record, 2)}\n`);
      else await output.write(formatRecord(record));
      return 0;
    } finally {
      await file?.abandon();
    }
  },
});

async function read(context: Context): Promise<string> {
  const { options, config, clock, signal, target, connect } = context;
  const operations = await connect();
  const session = await findSession(context, operations);
  const { fetchRecordNow, readArchivedRecord } = await import('../../operate/get-record.ts');
  return options.fetch
    ? fetchRecordNow({ ...target, config, clock }, session, signal)
    : readArchivedRecord(operations.stage, session, options.version);
}

/** A record for a person: who, and what was said. Written by visitors: nothing invisible of it reaches the terminal. */
export function formatRecord(record: JsonObject): string {
  const { session_id, website_id, version, kind, state, meta, messages } = record;
  const { nickname, email } = isJsonObject(meta) ? meta : {};
  const rows: readonly (readonly [string, unknown])[] = [
    ['session', `${session_id} of website ${website_id}`],
    ['version', typeof version === 'number' ? `${version} of ${toMoment(version)}` : version],
    ['kind', kind],
    ['state', state],
    ['visitor', [nickname, email].filter((it) => typeof it === 'string').join(', ')],
  ];
  const head = rows
    .filter(([, shown]) => shown !== undefined && shown !== null && shown !== '')
    .map(([title, shown]) => `${title.padEnd(9)}${toVisible(String(shown))}\n`);
  const lines = Array.isArray(messages) ? messages.filter(isJsonObject).map(toLine) : [];
  return `${head.join('')}${lines.length > 0 ? '\n' : ''}${lines.join('')}`;
}

function toLine({ timestamp, from, type, content }: JsonObject): string {
  const text = typeof content === 'string' ? content : toVisibleJson(content ?? null);
  const when = typeof timestamp === 'number' ? (toMoment(timestamp) ?? '-') : '-';
  const what = type === 'text' ? '' : ` [${toVisible(String(type))}]`;
  // A message of several lines stays one paragraph, and none of them begins like another message.
  const shown = text
    .split(/\r?\n/)
    .map(toVisible)
    .join(`\n${' '.repeat(4)}`);
  return `${when}  ${toVisible(String(from)).padEnd(9)}${what} ${shown}\n`;
}
