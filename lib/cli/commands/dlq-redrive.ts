import { isUnfiltered } from '../../dead-letters/filter.ts';
import type { RedriveSurvey } from '../../dead-letters/move.ts';
import type { RedriveOptions } from '../../dead-letters/redrive.ts';
import { DEFAULT_MAX_REDRIVES } from '../../dead-letters/redrive-limit.ts';
import { isWholeLook } from '../../dead-letters/unseen.ts';
import { OperationError } from '../../errors.ts';
import { toRedriveJson, toSurveyJson } from '../../operate/json.ts';
import { plural, toVisibleJson } from '../../text.ts';
import {
  type CommandContext,
  defineCommand,
  type ExitCode,
  flag,
  type Options,
  toUsageError,
} from '../command.ts';
import { count, FILTER_OPTIONS, toFilter } from '../options.ts';
import { formatDuration } from '../output.ts';
import { openProgress } from '../progress.ts';
import { describeGroups, describeLook, describeNoMatch, describeRedrive } from './dlq-output.ts';

// A session takes about three requests to Crisp: of the usual ten a second live events keep more than half.
const DEFAULT_RATE = 1;

const OPTIONS = {
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

export const command = defineCommand({
  options: OPTIONS,
  examples: [
    'dlq redrive --stage prod',
    "dlq redrive --code 'crisp_*' --yes --stage prod",
    'dlq redrive --cancel --stage prod',
  ],
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
    };
    return options.yes ? redrive(context, redriveOptions) : previewRedrive(context, redriveOptions);
  },
});

type Context = CommandContext<typeof OPTIONS>;

async function previewRedrive(
  { connect, isJson, output, clock }: Context,
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
  for (const sentence of [...describeNoMatch(survey.matched, survey), ...describeLook(survey)])
    output.warn(sentence);
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

async function redrive(context: Context, options: RedriveOptions): Promise<ExitCode> {
  const { connect, commandLine, isJson, output, signal } = context;
  const { deadLetters } = await connect();
  const progress = await openProgress(context, { what: 'messages moved' });
  const redriving = deadLetters.redrive({ ...options, onProgress: progress.show }).finally(progress.end);
  const result = await redriving.catch((thrown: unknown) => {
    if (!(thrown instanceof OperationError) || thrown.code !== 'redrive_running') throw thrown;
    const message = `${thrown.message}: \`${commandLine('dlq redrive --cancel')}\``;
    throw new OperationError('redrive_running', message, { cause: thrown });
  });
  const description = describeRedrive(result, commandLine);
  if (isJson) await output.write(`${toVisibleJson(toRedriveJson(result), 2)}\n`);
  else await output.write(`${description.sentences.join('\n')}\n`);
  if (signal.aborted) return 130;
  if (description.isComplete) return 0;
  return description.hasFailed && description.moved === 0 ? 1 : 3;
}

async function cancel({ options, connect, isJson, output }: Context): Promise<ExitCode> {
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
