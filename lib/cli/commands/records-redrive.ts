import type { LostRecordsQueue } from '../../operate/operations.ts';
import type { RecordRedriveReport } from '../../operate/redrive-records.ts';
import { plural, toVisibleJson } from '../../text.ts';
import { type CommandContext, defineCommand, type ExitCode, flag, type Options, value } from '../command.ts';
import { count } from '../options.ts';
import { openProgress } from '../progress.ts';

const DEFAULT_RATE = 10;

const SOURCES: Readonly<Record<string, LostRecordsQueue>> = {
  undelivered: 'records-undelivered',
  dlq: 'records-dlq',
};

const OPTIONS = {
  from: value({
    placeholder: 'QUEUE',
    help: 'undelivered (what SNS could not deliver) or dlq (what the consumer gave up on); default: both',
    expected: 'undelivered or dlq',
    read: (text) => SOURCES[text],
  }),
  rate: count({
    help: `records in a second, 1–500 (default ${DEFAULT_RATE})`,
    min: 1,
    max: 500,
    unit: 'records/second',
  }),
  max: count({ help: 'move no more records of a queue than that', min: 1, max: 1_000_000, unit: 'records' }),
  yes: flag('do it; without it nothing is moved'),
} satisfies Options;

type Context = CommandContext<typeof OPTIONS>;

export const command = defineCommand({
  options: OPTIONS,
  examples: ['records redrive --stage prod', 'records redrive --from undelivered --yes --stage prod'],
  async run(context) {
    const { options } = context;
    const names = options.from ? [options.from] : Object.values(SOURCES);
    return options.yes ? redrive(context, names) : preview(context, names);
  },
});

async function preview(
  { connect, isJson, output }: Context,
  names: readonly LostRecordsQueue[],
): Promise<ExitCode> {
  const { readQueues } = await connect();
  const queues = (await readQueues()).filter(({ name }) => names.some((it) => it === name));
  if (isJson) {
    const json = queues.map(({ name, description }) => ({ name, waiting: description?.visible ?? null }));
    await output.write(`${toVisibleJson({ dry_run: true, queues: json }, 2)}\n`);
  } else {
    for (const { name, description } of queues)
      await output.write(
        `${name}: ${plural(description?.visible ?? 0, 'record')} would go back to records\n`,
      );
    await output.write('nothing moved; add --yes\n');
  }
  for (const { name, problem } of queues)
    if (problem !== undefined) output.warn(`not read: ${name} (${problem})`);
  return queues.some(({ problem }) => problem !== undefined) ? 3 : 0;
}

async function redrive(context: Context, names: readonly LostRecordsQueue[]): Promise<ExitCode> {
  const { options, connect, isJson, output, signal, commandLine } = context;
  const { redriveRecords } = await connect();
  const reports: (RecordRedriveReport & { readonly name: LostRecordsQueue })[] = [];
  for (const name of names) {
    const progress = await openProgress(context, { what: `records of ${name}` });
    try {
      const report = await redriveRecords(name, {
        ratePerSecond: options.rate ?? DEFAULT_RATE,
        max: options.max,
        signal,
        onProgress: ({ moved, found }) => progress.show({ done: moved, share: moved / found }),
      });
      reports.push({ name, ...report });
    } finally {
      progress.end();
    }
    if (signal.aborted) break;
  }
  if (isJson) await output.write(`${toVisibleJson({ queues: reports }, 2)}\n`);
  else for (const report of reports) await output.write(`${describe(report)}\n`);
  if (signal.aborted) {
    output.warn(`to go on: \`${commandLine('records redrive --yes')}\``);
    return 130;
  }
  return reports.every(({ failed, duplicated }) => failed + duplicated === 0) ? 0 : 3;
}

function describe({
  name,
  found,
  moved,
  duplicated,
  failed,
}: RecordRedriveReport & { readonly name: string }): string {
  const left = Math.max(0, found - moved - duplicated);
  return [
    `${name}: ${plural(moved, 'record')} moved to records, ${left} left.`,
    failed > 0 ? `${failed} refused by records; run it again.` : '',
    duplicated > 0 ? `${duplicated} sent and not deleted; the next redrive brings harmless duplicates.` : '',
  ]
    .filter(Boolean)
    .join(' ');
}
