import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { ConfigError, OperationError } from '../../lib/errors.ts';
import { isRegionName, isStageName } from '../../lib/ids.ts';
import { toPrintable } from '../../lib/text.ts';

/** A command that cannot be run as it was called. The message says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Runs a command of `npm run` to its end. What is the caller's to mend is told in words; a defect shows its stack. */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    const isForPeople = [UsageError, ConfigError, OperationError].some((known) => error instanceof known);
    console.error(isForPeople && error instanceof Error ? error.message : error);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

/** Asks the person at the terminal; undefined where nobody is there to answer. */
export async function askPerson(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await lines.question(question)).trim();
  } finally {
    lines.close();
  }
}

// Local mode's own: a stack of that name would only confuse.
const RESERVED_STAGE = 'local';

export interface StageArguments {
  readonly stage: string;
  /** Undefined: as the stage's file or the environment says. */
  readonly region?: string | undefined;
  /** The flags that were given, of those that the command has. */
  readonly flags: ReadonlySet<string>;
  /** What was given with `--confirm`. */
  readonly confirm?: string | undefined;
}

export interface ArgumentOptions {
  /** Without one the stage has to be given. */
  readonly defaultStage?: string;
  /** Beside `--stage` and `--region`; one named `confirm` takes a value. */
  readonly flags?: readonly string[];
}

/** Reads a command's arguments. Throws `UsageError` for a stage that is missing or cannot be one, or another option. */
export function parseStage(
  words: readonly string[],
  { defaultStage, flags = [] }: ArgumentOptions = {},
): StageArguments {
  const values = readOptions(words, flags);
  const { stage = defaultStage, region, confirm, ...given } = values;
  if (typeof stage !== 'string') {
    throw new UsageError('Say which stage: -- --stage STAGE, for instance --stage prod.');
  }
  if (!isStageName(stage) || stage === RESERVED_STAGE) {
    throw new UsageError(
      `'${toPrintable(stage)}' cannot be a stage: use up to 20 lower-case letters, digits and ` +
        `single hyphens, beginning with a letter; '${RESERVED_STAGE}' is taken by local mode.`,
    );
  }
  if (typeof region === 'string') checkPlace(stage, region);
  return {
    stage,
    ...(typeof region === 'string' && { region }),
    ...(typeof confirm === 'string' && { confirm }),
    flags: new Set(Object.keys(given)),
  };
}

/** Of the archive's bucket, whose name is the longest of all: one namespace for all accounts and regions. */
export function toArchiveName(place: { stage: string; region: string; account: string }): string {
  return `crisp-enrich-${place.stage}-archive-${place.account}-${place.region}`;
}

const MAX_BUCKET_NAME_LENGTH = 63;

/** Throws `UsageError` where a name that holds both would be too long, before anything is created. */
export function checkPlace(stage: string, region: string): void {
  if (!isRegionName(region)) throw new UsageError(`'${toPrintable(region)}' is not a region of AWS.`);
  const excess = toArchiveName({ stage, region, account: '0'.repeat(12) }).length - MAX_BUCKET_NAME_LENGTH;
  if (excess <= 0) return;
  throw new UsageError(
    `The stage '${stage}' is too long for ${region}: the name of its archive holds stage, account and region, and S3 ` +
      `allows ${MAX_BUCKET_NAME_LENGTH} characters. Use a stage of up to ${stage.length - excess}. Nothing was created.`,
  );
}

function readOptions(
  words: readonly string[],
  flags: readonly string[],
): Readonly<Record<string, string | boolean | undefined>> {
  const others = flags.map(
    (name) => [name, { type: name === 'confirm' ? ('string' as const) : ('boolean' as const) }] as const,
  );
  try {
    const options = {
      stage: { type: 'string' },
      region: { type: 'string' },
      ...Object.fromEntries(others),
    } as const;
    return parseArgs({ args: [...words], options, strict: true }).values;
  } catch (error) {
    const names = [
      '--stage STAGE',
      '--region REGION',
      ...flags.map((it) => `--${it}${it === 'confirm' ? ' NAME' : ''}`),
    ];
    throw new UsageError(`The only options are ${names.slice(0, -1).join(', ')} and ${names.at(-1)}.`, {
      cause: error,
    });
  }
}
