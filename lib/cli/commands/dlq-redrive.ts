import { toQueueAddress } from '../../aws/failures.ts';
import { type DeadLetterFilter, isUnfiltered } from '../../dead-letters/filter.ts';
import type { RedriveSurvey } from '../../dead-letters/move.ts';
import { DEFAULT_MAX_REDRIVES } from '../../dead-letters/pace.ts';
import { isWholeLook } from '../../dead-letters/queue.ts';
import type { RedriveOptions } from '../../dead-letters/redrive.ts';
import { OperationError } from '../../errors.ts';
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
import { count, FILTER_OPTIONS, toFilter } from '../options.ts';
import { formatDuration } from '../output.ts';
import {
  describeGroups,
  describeLook,
  describeRedrive,
  toGroupJson,
  toLookJson,
  toRedriveJson,
  toSurveyJson,
} from './dlq-output.ts';

// A session takes about three requests to Crisp: of the usual ten a second live events keep more than half.
const DEFAULT_RATE = 1;

const TELL_EVERY_MS = 5000;

const REDRIVE_OPTIONS = {
  ...FILTER_OPTIONS,
  rate: count({
    help: `messages in a second, 1–500 (default ${DEFAULT_RATE}); each costs about three requests to Crisp`,
    min: 1,
    // The most that SQS moves.
    max: 500,
    unit: 'messages/second',
  }),
  'max-redrives': count({
    help: `redrives of one session within 24 hours (default ${DEFAULT_MAX_REDRIVES}); beyond: redrive_exhausted`,
    min: 1,
    max: 1000,
    unit: 'redrives',
  }),
  all: flag('all messages, as without a filter'),
  yes: flag('do it; without it nothing is moved'),
  cancel: flag("cancel SQS's redrive that is running"),
} satisfies Options;

export const dlqRedrive = defineCommand({
  name: 'dlq redrive',
  summary: 'brings dead letters back: all of them, or those that match; a dry run without --yes',
  options: REDRIVE_OPTIONS,
  async run(context) {
    const { options, signal } = context;
    if (options.cancel) return cancel(context);
    if (options.all && !isUnfiltered(toFilter(options))) {
      throw toUsageError('say what to redrive: --all, or a filter such as --code or --id, and not both');
    }
    const redriveOptions: RedriveOptions = {
      filter: toFilter(options),
      ratePerSecond: options.rate ?? DEFAULT_RATE,
      maxRedrives: options['max-redrives'] ?? DEFAULT_MAX_REDRIVES,
      max: options.max,
      signal,
      onProgress: toProgress(context),
    };
    return options.yes ? redrive(context, redriveOptions) : previewRedrive(context, redriveOptions);
  },
});

type RedriveContext = CommandContext<typeof REDRIVE_OPTIONS>;

/** Tells every few seconds how far it has come. */
function toProgress({ output, clock }: RedriveContext): (moved: number) => void {
  let toldMs = clock.nowMs();
  return (moved) => {
    if (clock.nowMs() - toldMs < TELL_EVERY_MS) return;
    toldMs = clock.nowMs();
    output.warn(`${plural(moved, 'message')} moved so far`);
  };
}

async function previewRedrive(
  { connect, isJson, output, clock }: RedriveContext,
  options: RedriveOptions,
): Promise<ExitCode> {
  const { deadLetters } = await connect();
  const survey = await deadLetters.preview(options);
  if (isJson) {
    await output.write(`${toVisibleJson({ dry_run: true, ...toSurveyJson(survey) }, 2)}\n`);
    return isWholeLook(survey) ? 0 : 3;
  }
  await output.write(describeGroups(survey.groups, clock.nowMs()));
  await output.write(`${toPlan(survey, options)}\nnothing moved; add --yes\n`);
  for (const sentence of describeLook(survey)) output.warn(sentence);
  return isWholeLook(survey) ? 0 : 3;
}

function toPlan(
  { matched, wouldMove, sessions, exhausted, exhaustedMessages }: RedriveSurvey,
  options: RedriveOptions,
): string {
  const { ratePerSecond, maxRedrives } = options;
  const time = formatDuration((wouldMove / ratePerSecond) * 1000);
  const sentences = [
    `${plural(wouldMove, 'message')} of ${plural(sessions.length - exhausted, 'session')} would be moved in about ${time} (--rate ${ratePerSecond}).`,
  ];
  if (exhausted > 0) {
    const which = `${plural(exhaustedMessages, 'message')} of ${plural(exhausted, 'session')} redriven ${maxRedrives} times within 24 hours would stay`;
    sentences.push(`${which} (redrive_exhausted; --max-redrives N overrides).`);
  }
  const nameless = matched - wouldMove - exhaustedMessages;
  if (nameless > 0)
    sentences.push(`${plural(nameless, 'message')} naming no session, or no website, would stay.`);
  return sentences.join('\n');
}

async function redrive(context: RedriveContext, options: RedriveOptions): Promise<ExitCode> {
  const { connect, isJson, output, signal } = context;
  const { deadLetters } = await connect();
  const result = await deadLetters.redrive(options);
  const description = describeRedrive(result);
  if (isJson) await output.write(`${toVisibleJson(toRedriveJson(result), 2)}\n`);
  else await output.write(`${description.sentences.join('\n')}\n`);
  if (signal.aborted) return 130;
  if (description.isComplete) return 0;
  return description.hasFailed && description.moved === 0 ? 1 : 3;
}

async function cancel({ options, connect, isJson, output }: RedriveContext): Promise<ExitCode> {
  const { yes, cancel: _cancel, all, ...others } = options;
  if (all || Object.values(others).some((given) => given !== undefined)) {
    throw toUsageError('--cancel goes alone: it ends the redrive that SQS is carrying out');
  }
  const { deadLetters } = await connect();
  const { moved, toMove } = await deadLetters.cancel();
  if (isJson) await output.write(`${toVisibleJson({ cancelled: true, moved, to_move: toMove ?? null })}\n`);
  else
    await output.write(
      `Cancelled: ${moved} of ${toMove === undefined ? '? messages' : plural(toMove, 'message')} had been moved.\n`,
    );
  return 0;
}

const DROP_OPTIONS = {
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

export const dlqDrop = defineCommand({
  name: 'dlq drop',
  summary: "deletes dead letters for good, once the queue's name was typed; a dry run without --yes",
  options: DROP_OPTIONS,
  async run(context) {
    const { options } = context;
    const filter = toFilter(options);
    if (isUnfiltered(filter) !== options.all) {
      throw toUsageError('say what to drop: --all, or a filter such as --code or --id, and not both');
    }
    return options.yes ? drop(context, filter) : previewDrop(context, filter);
  },
});

type DropContext = CommandContext<typeof DROP_OPTIONS>;

async function previewDrop(context: DropContext, filter: DeadLetterFilter): Promise<ExitCode> {
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

async function drop(context: DropContext, filter: DeadLetterFilter): Promise<ExitCode> {
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

async function requireConsent({ options, ask }: DropContext, name: string): Promise<void> {
  const typed =
    options.confirm ?? (await ask?.(`Type the queue's name to delete its messages for good (${name}): `));
  if (typed?.trim() === name) return;
  const message = `nothing deleted: consent is the queue's name, typed, or given with --confirm ${name}`;
  throw new OperationError('consent_missing', message);
}
