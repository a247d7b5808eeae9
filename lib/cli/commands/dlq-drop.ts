import { toQueueAddress } from '../../aws/failures.ts';
import { type DeadLetterFilter, isUnfiltered } from '../../dead-letters/filter.ts';
import { isWholeLook } from '../../dead-letters/unseen.ts';
import { OperationError } from '../../errors.ts';
import { toGroupJson, toLookJson } from '../../operate/json.ts';
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
import { FILTER_OPTIONS, toFilter } from '../options.ts';
import { describeGroups, describeLook } from './dlq-output.ts';

const OPTIONS = {
  ...FILTER_OPTIONS,
  all: flag('all messages, where no filter is given'),
  yes: flag('do it; without it nothing is deleted'),
  confirm: value({
    placeholder: 'QUEUE',
    help: "the queue's name, where nobody is there to type it",
    expected: 'the name of a queue',
    read: (text) => (text === '' ? undefined : text),
  }),
} satisfies Options;

export const command = defineCommand({
  options: OPTIONS,
  examples: ['dlq drop --code malformed_message --stage prod', 'dlq drop --all --yes --stage prod'],
  async run(context) {
    const { options } = context;
    const filter = toFilter(options);
    if (isUnfiltered(filter) !== options.all) {
      throw toUsageError('say what to drop: --all, or a filter such as --code or --id, and not both');
    }
    return options.yes ? drop(context, filter) : previewDrop(context, filter);
  },
});

type Context = CommandContext<typeof OPTIONS>;

async function previewDrop(context: Context, filter: DeadLetterFilter): Promise<ExitCode> {
  const { options, connect, isJson, output, signal, clock } = context;
  const { deadLetters } = await connect();
  const list = await deadLetters.list({ filter, max: options.max, signal });
  if (isJson) {
    const groups = list.groups.map(toGroupJson);
    const json = { dry_run: true, matched: list.matched, groups, ...toLookJson(list) };
    await output.write(`${toVisibleJson(json, 2)}\n`);
    return isWholeLook(list) ? 0 : 3;
  }
  await output.write(describeGroups(list.groups, clock.nowMs()));
  await output.write(
    `${plural(list.matched, 'message')} would be deleted for good.\nnothing deleted; add --yes\n`,
  );
  for (const sentence of describeLook(list)) output.warn(sentence);
  return isWholeLook(list) ? 0 : 3;
}

async function drop(context: Context, filter: DeadLetterFilter): Promise<ExitCode> {
  const { options, connect, isJson, output, signal } = context;
  const { deadLetters, stage } = await connect();
  await requireConsent(context, toQueueAddress(stage.queues['sessions-dlq']).name);
  const report = await deadLetters.drop({ filter, max: options.max, signal });
  const { dropped, failed, arrived } = report;
  if (isJson) {
    await output.write(`${toVisibleJson({ dropped, failed, new: arrived, ...toLookJson(report) }, 2)}\n`);
  } else {
    const left = failed > 0 ? ` ${failed} could not be deleted; run it again.` : '';
    await output.write(`${plural(dropped, 'message')} deleted, ${arrived} new since.${left}\n`);
    for (const sentence of describeLook(report)) output.warn(sentence);
  }
  if (signal.aborted) return 130;
  if (failed > 0 && dropped === 0) return 1;
  return failed === 0 && isWholeLook(report) ? 0 : 3;
}

async function requireConsent({ options, ask }: Context, name: string): Promise<void> {
  const typed =
    options.confirm ?? (await ask?.(`Type the queue's name to delete its messages for good (${name}): `));
  if (typed?.trim() === name) return;
  const message = `nothing deleted: consent is the queue's name, typed, or given with --confirm ${name}`;
  throw new OperationError('consent_missing', message);
}
