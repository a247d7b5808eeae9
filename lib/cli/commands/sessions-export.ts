import { isWholeLook } from '../../dead-letters/unseen.ts';
import { toLookJson } from '../../operate/json.ts';
import { isJsonObject, plural, toVisibleJson } from '../../text.ts';
import { defineCommand, flag, toUsageError } from '../command.ts';
import { openExportFile, readLines } from '../files.ts';
import { EXPORT_OPTIONS, FILTER_OPTIONS } from '../options.ts';
import { openProgress } from '../progress.ts';
import { describeLook } from './dlq-output.ts';
import { toWaitingJson } from './sessions-list.ts';

export const command = defineCommand({
  isData: true,
  options: {
    website: FILTER_OPTIONS.website,
    max: FILTER_OPTIONS.max,
    ...EXPORT_OPTIONS,
    resume: flag('keep what the file has, and add what it lacks'),
  },
  examples: [
    'sessions export --output waiting.jsonl --stage prod',
    'sessions export --output waiting.jsonl --resume --stage prod',
  ],
  async run(context) {
    const { options, isJson, output, signal, connect, commandLine } = context;
    const { output: path = '-', force, resume, max, website: websiteId } = options;
    if (resume && (path === '-' || force)) throw toUsageError('--resume needs --output FILE, and no --force');
    const { listWaiting, readQueues } = await connect();
    const known = resume ? await readKnown(path) : new Map<string, string>();
    const file = path === '-' ? undefined : await openExportFile(path, { mayReplace: force || resume });
    const write = (line: string) => (file ? file.write(line) : output.write(line));
    // Standard output may be the same terminal.
    const progress = await openProgress({ ...context, isJson: isJson || !file }, { what: 'sessions' });
    try {
      for (const line of known.values()) await write(`${line}\n`);
      const expected = (await readQueues()).find(({ name }) => name === 'sessions')?.description?.visible;
      let [seen, added] = [0, 0];
      const list = await listWaiting({
        filter: { websiteId },
        max,
        signal,
        async onLetter(waiting) {
          seen += 1;
          progress.show({ done: seen, share: expected && Math.min(1, seen / expected) });
          if (known.has(waiting.messageId)) return;
          added += 1;
          await write(`${toVisibleJson({ ...toWaitingJson(waiting), body: waiting.body })}\n`);
        },
      });
      progress.end();
      // What was seen until Ctrl-C is kept: the next run adds the rest.
      await file?.finish();
      for (const sentence of describeLook(list)) output.warn(sentence);
      if (file && isJson) await output.write(`${toVisibleJson({ exported: added, ...toLookJson(list) })}\n`);
      else output.warn(`${plural(added, 'session')} exported${file ? ` to ${path}` : ''}.`);
      if (!signal.aborted) return isWholeLook(list) ? 0 : 3;
      if (file) output.warn(`to go on: \`${commandLine(`sessions export --output ${path} --resume`)}\``);
      return 130;
    } finally {
      progress.end();
      await file?.abandon();
    }
  },
});

/** The lines of a file of ours, by the id of the message. */
async function readKnown(path: string): Promise<ReadonlyMap<string, string>> {
  const known = new Map<string, string>();
  for await (const { number, text } of readLines(path)) {
    const id = readMessageId(text);
    if (id === undefined) throw toUsageError(`${path}, line ${number}: no line of an export`);
    known.set(id, text);
  }
  return known;
}

function readMessageId(text: string): string | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return isJsonObject(line) && typeof line.message_id === 'string' ? line.message_id : undefined;
  } catch {
    return undefined;
  }
}
