import type { ReplayReport } from '../../operate/replay.ts';
import { plural, toVisibleJson } from '../../text.ts';
import {
  type CommandContext,
  defineCommand,
  type ExitCode,
  flag,
  type Options,
  toUsageError,
  value,
} from '../command.ts';
import { count, moment, readSession, readWebsite, withWebsite } from '../options.ts';
import { openProgress } from '../progress.ts';

const DEFAULT_RATE = 10;
const MOST_A_SECOND = 500;

const OPTIONS = {
  all: flag('every session of the archive'),
  since: moment('every session announced since then: a date, or a duration before now'),
  'since-version': count({
    help: 'announced with that version or later',
    min: 1,
    max: 1e15,
    unit: 'as a version',
  }),
  after: value({
    placeholder: 'KEY',
    help: 'goes on behind this key, which an interrupted replay shows',
    expected: 'a key such as latest/WEBSITE/SESSION.json',
    read: (text) => (/^latest\/[\w./-]{1,200}$/.test(text) ? text : undefined),
  }),
  website: value({
    placeholder: 'ID',
    help: 'of this website',
    expected: 'the id of a website',
    read: readWebsite,
  }),
  queue: value({
    placeholder: 'URL',
    help: 'to this queue instead of the topic',
    expected: "a standard queue's URL",
    read: (text) => (URL.canParse(text) && !text.endsWith('.fifo') ? text : undefined),
  }),
  people: flag('sends nothing: notes anew in the ledger whose conversations the archived ones are'),
  rate: count({
    help: `records in a second (default ${DEFAULT_RATE})`,
    min: 1,
    max: MOST_A_SECOND,
    unit: 'records',
  }),
} satisfies Options;

type Context = CommandContext<typeof OPTIONS>;

export const command = defineCommand({
  options: OPTIONS,
  examples: [
    'replay session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881',
    'replay --since 7d --queue URL --stage prod',
  ],
  async run(context) {
    const { options, words, config, clock, signal, connect } = context;
    requireSource(context);
    if (options.people) return index(context);
    const operations = await connect();
    const { stage, listKnownWebsites } = operations;
    refuseOwnQueue(options.queue, stage.queues);
    const choice = { given: options.website, configured: config.websiteIds, known: listKnownWebsites };
    const sessions = [];
    for (const word of words) sessions.push(await withWebsite(readSession(word), choice));
    const { replayStage } = await import('../../operate/replay.ts');
    const progress = await openProgress(context, { what: 'records' });
    const report = await replayStage(
      stage,
      sessions.length > 0 ? { sessions } : { after: options.after, websiteId: options.website },
      {
        sinceVersion: options['since-version'] ?? options.since,
        ratePerSecond: options.rate ?? DEFAULT_RATE,
        queueUrl: options.queue,
        defaultInlineLimitBytes: config.inlineLimitBytes,
        onProgress({ replayed, skipped, missing }) {
          const share = sessions.length > 0 ? (replayed + skipped + missing) / sessions.length : undefined;
          progress.show({ done: replayed, share });
        },
        ...{ clock, signal, after: options.after },
      },
    ).finally(progress.end);
    await show(context, report);
    if (signal.aborted) return 130;
    return report.missing > 0 || (sessions.length > 0 && report.skipped > 0) ? 3 : 0;
  },
});

/** What the ledger knows of people's conversations, should it have been lost. */
async function index(context: Context): Promise<ExitCode> {
  const { options, clock, signal, output, connect, isJson } = context;
  const { stage } = await connect();
  const { indexPeople } = await import('../../operate/replay.ts');
  const progress = await openProgress(context, { what: 'conversations' });
  const { replayed, skipped, ended, after } = await indexPeople(
    stage,
    { after: options.after, websiteId: options.website },
    {
      ratePerSecond: options.rate ?? MOST_A_SECOND,
      onProgress: (report) => progress.show({ done: report.replayed, share: undefined }),
      ...{ clock, signal, after: options.after },
    },
  ).finally(progress.end);
  await output.write(
    isJson
      ? `${toVisibleJson({ noted: replayed, skipped, ended, after: after ?? null }, 2)}\n`
      : `${plural(replayed, 'conversation')} noted with their people, ${skipped} without one.\n`,
  );
  if (!isJson && ended === 'interrupted' && after !== undefined)
    output.warn(`to go on: the same with --after ${after}`);
  return signal.aborted ? 130 : 0;
}

async function show({ isJson, output }: Context, { replayed, skipped, missing, ended, after }: ReplayReport) {
  if (isJson)
    return output.write(`${toVisibleJson({ replayed, skipped, missing, ended, after: after ?? null }, 2)}\n`);
  await output.write(
    `${plural(replayed, 'record')} sent, ${skipped} left out, ${missing} no longer in the archive.\n`,
  );
  if (ended === 'interrupted' && after !== undefined) output.warn(`to go on: the same with --after ${after}`);
}

function requireSource({ options, words }: Context): void {
  const { all, since, after, people, queue } = options;
  const version = options['since-version'];
  if (people && (words.length > 0 || since !== undefined || version !== undefined || queue !== undefined))
    throw toUsageError(
      '--people looks at the whole archive, or a website of it: leave out sessions, --since and --queue',
    );
  if (since !== undefined && version !== undefined)
    throw toUsageError('--since or --since-version, not both');
  const isMany = all || people || since !== undefined || version !== undefined;
  if (words.length === 0 && !isMany)
    throw toUsageError('say which records: replay SESSION…, --since TIME, --since-version N, or --all');
  if (words.length > 0 && (all || after !== undefined))
    throw toUsageError('sessions are named: leave out --all and --after');
}

/** Only the queue of records takes records; all else of the stage has messages of another kind, or dead ones. */
function refuseOwnQueue(url: string | undefined, queues: Readonly<Record<string, string>>): void {
  const [name] = Object.entries(queues).find(([, own]) => own === url) ?? [];
  if (name === undefined || name === 'records') return;
  throw toUsageError(`--queue ${name} takes no records`);
}
