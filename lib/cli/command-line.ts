import { parseArgs } from 'node:util';
import { findNearestName, toPrintable } from '../text.ts';
import { type Command, flag, type Option, type Options, toUsageError, value } from './command.ts';

/** The options that every command has. */
export const COMMON_OPTIONS = {
  json: flag("the machine's form of the output"),
  stage: value({
    placeholder: 'STAGE',
    help: 'a stage on AWS; without it local mode',
    expected: 'up to 20 lower-case letters, digits and single hyphens, beginning with a letter',
    read: (text) => (/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(text) && text.length <= 20 ? text : undefined),
  }),
  region: value({
    placeholder: 'REGION',
    help: 'of the stage; without it AWS_REGION or AWS_DEFAULT_REGION, else us-east-1',
    expected: 'a region such as eu-west-1',
    read: (text) => (/^[a-z]{2}(?:-[a-z]+)+-\d$/.test(text) ? text : undefined),
  }),
  help: flag('this text'),
} satisfies Options;

/** What was typed, before its values are looked at. */
export interface CommandLine {
  readonly command: Command;
  readonly words: readonly string[];
  /** By option name, without dashes. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
}

// Names that ask for a secret, which everybody on a machine can read in its list of processes.
const SECRET_NAMES = /token|key|secret|password|credential/i;

/** Finds the command and splits its options off. Throws `OperationError` `usage`. */
export function parseCommandLine(args: readonly string[], commands: readonly Command[]): CommandLine {
  const firstOption = args.findIndex((arg) => arg.startsWith('-'));
  const leading = firstOption === -1 ? args : args.slice(0, firstOption);
  const command = findCommand(leading, commands);
  const rest = args.slice(command.name.split(' ').length);
  const { words, texts } = splitOptions(rest, { ...command.options, ...COMMON_OPTIONS });
  if (command.words === undefined && words[0] !== undefined) {
    throw toUsageError(`${command.name} takes no '${toPrintable(words[0])}'; see \`${command.name} --help\``);
  }
  return { command, words, texts };
}

function findCommand(words: readonly string[], commands: readonly Command[]): Command {
  const found = commands
    .filter(({ name }) => name.split(' ').every((part, index) => words[index] === part))
    .sort((a, b) => b.name.length - a.name.length)[0];
  if (found) return found;
  const typed = words
    .slice(0, commands.some(({ name }) => name.startsWith(`${words[0]} `)) ? 2 : 1)
    .join(' ');
  if (typed === '') throw toUsageError('say the command first, then its options; see --help');
  const nearest = findNearestCommand(typed, commands);
  const hint = nearest === undefined ? '; see --help' : `. Did you mean '${nearest}'?`;
  throw toUsageError(`unknown command '${toPrintable(typed)}'${hint}`);
}

/** By its whole name, or by its last word alone. */
function findNearestCommand(typed: string, commands: readonly Command[]): string | undefined {
  const byName = new Map(
    commands.flatMap(({ name }) => [[name, name] as const, [name.split(' ').at(-1) ?? name, name] as const]),
  );
  const nearest = findNearestName(typed, [...byName.keys()]);
  return nearest === undefined ? undefined : byName.get(nearest);
}

function splitOptions(args: readonly string[], options: Readonly<Record<string, Option<unknown>>>) {
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { placeholder }]) => [
        name,
        {
          type: placeholder === undefined ? 'boolean' : 'string',
          ...(name === 'help' && { short: 'h' }),
        } as const,
      ]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const words: string[] = [];
  const texts = new Map<string, readonly string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const { name } = token;
    const option = options[name];
    if (!option) throw toUnknownOption(token.rawName, name, Object.keys(options));
    checkValue(option, token);
    texts.set(name, [...(texts.get(name) ?? []), token.value ?? '']);
  }
  return { words, texts };
}

interface OptionToken {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function checkValue(
  { placeholder }: Option<unknown>,
  { rawName, value: text, inlineValue }: OptionToken,
): void {
  if (placeholder === undefined) {
    if (text !== undefined) throw toUsageError(`${rawName} takes no value`);
    return;
  }
  // A negative number is a value, if a wrong one; another option is none.
  if (text === undefined || (!inlineValue && text.startsWith('--'))) {
    throw toUsageError(`${rawName} needs a value: ${rawName} ${placeholder}`);
  }
}

function toUnknownOption(rawName: string, name: string, names: readonly string[]) {
  if (SECRET_NAMES.test(name)) {
    return toUsageError(
      `unknown option '${toPrintable(rawName)}'. Pass secrets by the environment or the parameter store, never as an ` +
        'option: options are visible to other users of the machine',
    );
  }
  const nearest = findNearestName(name, names);
  const hint = nearest === undefined ? '; see --help' : `. Did you mean '--${nearest}'?`;
  return toUsageError(`unknown option '${toPrintable(rawName)}'${hint}`);
}
