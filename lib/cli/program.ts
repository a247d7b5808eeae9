import { CommanderError, Help, Command as Program, Option as ProgramOption } from 'commander';
import { isRegionName, isStageName, VERSION } from '../ids.ts';
import { findNearestName, toPrintable } from '../text.ts';
import {
  type Command,
  type DescribedCommand,
  type ExitCode,
  flag,
  type ListedCommand,
  type Option,
  type Options,
  type OptionValues,
  toUsageError,
  value,
} from './command.ts';
import type { Output } from './output.ts';

/** The options that every command has. */
const COMMON_OPTIONS = {
  json: flag("the machine's form of the output"),
  stage: value({
    placeholder: 'STAGE',
    help: 'a stage on AWS; without it local mode',
    expected: 'up to 20 lower-case letters, digits and single hyphens, beginning with a letter',
    read: (text) => (isStageName(text) ? text : undefined),
  }),
  region: value({
    placeholder: 'REGION',
    help: 'of the stage; without it AWS_REGION or AWS_DEFAULT_REGION, else us-east-1',
    expected: 'a region such as eu-west-1',
    read: (text) => (isRegionName(text) ? text : undefined),
  }),
} satisfies Options;

/** What was typed: the command, and the values of its options. */
export interface TypedCommand extends OptionValues<typeof COMMON_OPTIONS> {
  readonly command: Command;
  readonly options: OptionValues<Options>;
  /** What is neither the command nor an option. */
  readonly words: readonly string[];
}

interface ProgramContext {
  readonly commands: readonly ListedCommand[];
  readonly output: Output;
  readonly nowMs: number;
  readonly onCommand: (typed: TypedCommand) => Promise<ExitCode>;
}

/**
 * Finds the command that was typed, loads it alone, reads its options and carries it out; or shows the help. Resolves
 * with the exit code; throws `OperationError` `usage`.
 */
export async function followCommandLine(args: readonly string[], context: ProgramContext): Promise<ExitCode> {
  const { output } = context;
  const help: string[] = [];
  const state: State = { ...context, exitCode: 0, listed: new Map() };
  const root = createRoot(state, (text) => help.push(text));
  // `help dlq list` is `dlq list --help`, which loads the command before it describes it.
  const words = args[0] === 'help' ? [...args.slice(1), '--help'] : args;
  if (words.length === 0) {
    root.outputHelp();
    output.warn(help.join('').trimEnd());
    return 2;
  }
  try {
    await root.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.optionMissingArgument') throw toMissingValue(error);
    if (error.exitCode !== 0) throw toUsageError(error.message);
    if (error.code === 'commander.helpDisplayed') refuseUnknown(root, state.commands);
    await output.write(help.join(''));
  }
  return state.exitCode;
}

/** Every command with its options, as the help has them. */
export async function describeCommands(
  commands: readonly ListedCommand[],
): Promise<readonly DescribedCommand[]> {
  const output: Output = { write: async () => undefined, warn: () => undefined, fail: () => undefined };
  const state: State = {
    commands,
    output,
    nowMs: 0,
    onCommand: async () => 0,
    exitCode: 0,
    listed: new Map(),
  };
  createRoot(state, () => undefined);
  return Promise.all(
    [...state.listed].map(async ([program, listed]) => {
      await load(program, listed, state);
      const options = program.options.map((it) => ({
        name: it.name(),
        help: it.description,
        takesValue: it.required,
      }));
      return { name: listed.name, summary: listed.summary, options };
    }),
  );
}

interface State extends ProgramContext {
  exitCode: ExitCode;
  readonly listed: Map<Program, ListedCommand>;
}

function createRoot(state: State, show: (text: string) => void): Program {
  const columns = () => state.output.width?.('stdout') ?? 100;
  const common = Object.entries(COMMON_OPTIONS).map(([name, option]) => toProgramOption(name, option));
  const root = new Program('crisp-enrich')
    .usage('COMMAND [options]')
    .version(VERSION, '--version', 'the version of this command')
    .helpOption('-h, --help', 'this text')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: show,
      writeErr: show,
      outputError: () => undefined,
      getOutHelpWidth: columns,
    })
    .configureHelp({
      // The commands of a group are listed by their whole names, and the common options with the list.
      visibleCommands: toLeaves,
      visibleOptions: (it) => [...(it.parent ? [] : common), ...new Help().visibleOptions(it)],
      subcommandTerm: (it) => toTerm(state.listed.get(it)),
    })
    .addHelpText(
      'after',
      '\nWithout --stage a command is for the local mode that runs here.\n' +
        'npx crisp-enrich COMMAND --help shows the options of one command, with examples.\n' +
        'Exit codes: 0 done, 1 failed, 2 not understood, 3 done in part, 130 interrupted.',
    );
  for (const listed of state.commands) addCommand(root, listed, state);
  for (const group of [root, ...root.commands.filter(({ commands }) => commands.length > 0)]) {
    group
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        throw toUnknownCommand(group, state.commands);
      })
      .hook('preSubcommand', async (_group, program) => {
        const listed = state.listed.get(program);
        if (listed) await load(program, listed, state);
      });
  }
  return root;
}

/** Adds a command by its line in the list; `dlq list` becomes `list` of the group `dlq`. */
function addCommand(root: Program, listed: ListedCommand, state: State): void {
  const [last = '', ...groups] = listed.name.split(' ').reverse();
  const parent = groups.reduceRight(
    (it, name) =>
      it.commands.find((other) => other.name() === name) ?? it.command(name).usage('COMMAND [options]'),
    root,
  );
  const program = parent
    .command(last)
    .description(listed.summary)
    .usage(`${listed.words === undefined ? '' : `${listed.words} `}[options]`);
  state.listed.set(program, listed);
}

function toLeaves(program: Program): Program[] {
  return program.commands.flatMap((it) => (it.commands.length > 0 ? toLeaves(it) : [it]));
}

function toTerm(listed: ListedCommand | undefined): string {
  return [listed?.name, listed?.words].filter(Boolean).join(' ');
}

/** Gives a command its options, its examples and its work. */
async function load(program: Program, listed: ListedCommand, state: State): Promise<void> {
  const { command } = await listed.load();
  const own = addOptions(program, command.options);
  const common = addOptions(program, COMMON_OPTIONS, 'Options of every command:');
  const examples = command.examples.map((it) => `  npx crisp-enrich ${it}\n`).join('');
  program
    .addHelpText('after', `\nExamples:\n${examples.trimEnd()}`)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async () => {
      const words = program.args;
      checkWords(program, listed);
      const { json, stage, region } = readOptions(program, common, state.nowMs);
      state.exitCode = await state.onCommand({
        command,
        options: readOptions(program, own, state.nowMs),
        words,
        json,
        stage,
        region,
      });
    });
}

interface AddedOptions<O extends Options> {
  readonly options: O;
  readonly programOptions: Readonly<Record<string, ProgramOption>>;
}

function addOptions<O extends Options>(program: Program, options: O, group?: string): AddedOptions<O> {
  const programOptions: Record<string, ProgramOption> = {};
  for (const [name, option] of Object.entries(options)) {
    const added = toProgramOption(name, option);
    if (group !== undefined) added.helpGroup(group);
    program.addOption(added);
    programOptions[name] = added;
  }
  return { options, programOptions };
}

function toProgramOption(name: string, { placeholder, help }: Option<unknown>): ProgramOption {
  if (placeholder === undefined) return new ProgramOption(`--${name}`, help);
  return new ProgramOption(`--${name} <${placeholder}>`, help).argParser<string[]>((text, before = []) => {
    // A negative number is a value, if a wrong one; another option is not.
    if (text.startsWith('--')) throw toUsageError(`--${name} needs a value: --${name} ${placeholder}`);
    return [...before, text];
  });
}

function readOptions<O extends Options>(
  program: Program,
  { options, programOptions }: AddedOptions<O>,
  nowMs: number,
): OptionValues<O> {
  const entries = Object.entries(options).map(([name, { parse }]) => {
    const found: unknown = program.getOptionValue(programOptions[name]?.attributeName() ?? name);
    const texts = Array.isArray(found) ? found : found === undefined ? [] : [''];
    return [name, parse(texts, { name: `--${name}`, nowMs })];
  });
  // Every name of the rules is there, with what its own rule makes of it.
  return Object.fromEntries(entries) as OptionValues<O>;
}

// Names that ask for a secret, which everybody on a machine can read in its list of processes.
const SECRET_NAMES = /token|key|secret|password|credential/i;

/** What the command's options left over: an unknown option, or a word that it does not take. */
function checkWords(program: Program, { name, words }: ListedCommand): void {
  const unknown = program.args.find((it) => it.startsWith('-') && it.length > 1);
  if (unknown !== undefined) throw toUnknownOption(program, unknown.split('=')[0] ?? unknown);
  const [word] = program.args;
  if (words === undefined && word !== undefined) {
    throw toUsageError(`${name} takes no '${toPrintable(word)}'; see \`npx crisp-enrich ${name} --help\``);
  }
}

function toUnknownOption(program: Program, typed: string): Error {
  const names = program.options.map((it) => it.name());
  const name = typed.replace(/^-+/, '');
  // A flag with `=` and a value behind it.
  if (names.includes(name)) return toUsageError(`${typed} takes no value`);
  if (SECRET_NAMES.test(name)) {
    return toUsageError(
      `unknown option '${toPrintable(typed)}'. Pass secrets by the environment or the parameter store, never as an ` +
        'option: options are visible to other users of the machine',
    );
  }
  const nearest = findNearestName(name, names);
  const hint = nearest === undefined ? '; see --help' : `. Did you mean '--${nearest}'?`;
  return toUsageError(`unknown option '${toPrintable(typed)}'${hint}`);
}

function toMissingValue({ message }: CommanderError): Error {
  const [, name, placeholder] = /(--[\w-]+) <([^>]*)>/.exec(message) ?? [];
  return toUsageError(`${name} needs a value: ${name} ${placeholder}`);
}

/** Help is asked for by a word that names no command of its group. Throws `OperationError` `usage`. */
function refuseUnknown(group: Program, commands: readonly ListedCommand[]): void {
  const [word] = group.args;
  const next = group.commands.find((it) => it.name() === word);
  if (next) refuseUnknown(next, commands);
  else if (group.commands.length > 0 && word?.startsWith('-') === false)
    throw toUnknownCommand(group, commands);
}

function toUnknownCommand(group: Program, commands: readonly ListedCommand[]): Error {
  const [word = ''] = group.args;
  if (!group.parent && word.startsWith('-')) {
    return toUsageError('say the command first, then its options; see --help');
  }
  const words = group.args.filter((it) => !it.startsWith('-'));
  if (group.parent && words.length === 0) {
    return toUsageError(
      `say which: ${group.commands.map((it) => `${group.name()} ${it.name()}`).join(', ')}`,
    );
  }
  const within = group.parent ? [group.name()] : [];
  // As two words where that is near to a command, else as one: what follows may be a session.
  const both = [...within, ...words.slice(0, 2 - within.length)].join(' ');
  const first = [...within, ...words.slice(0, 1)].join(' ');
  const nearest = findNearestCommand(both, commands);
  const found = nearest ?? findNearestCommand(first, commands);
  const typed = nearest === undefined ? first : both;
  const hint = found === undefined ? '; see --help' : `. Did you mean '${found}'?`;
  return toUsageError(`unknown command '${toPrintable(typed)}'${hint}`);
}

/** By its whole name, or by its last word alone. */
function findNearestCommand(typed: string, commands: readonly ListedCommand[]): string | undefined {
  const byName = new Map<string, string>();
  for (const { name } of commands) {
    // Of several groups with that word, the first listed is the most likely.
    for (const key of [name, name.split(' ').at(-1) ?? name]) if (!byName.has(key)) byName.set(key, name);
  }
  const nearest = findNearestName(typed, [...byName.keys()]);
  return nearest === undefined ? undefined : byName.get(nearest);
}
