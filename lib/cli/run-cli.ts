import type { ConnectOptions } from '../app/connect-stage.ts';
import type { Operations } from '../app/create-operations.ts';
import type { OperatorConfig } from '../core/config/parse-operator-config.ts';
import { toVisibleJson } from '../core/text/to-visible.ts';
import { VERSION } from '../core/version.ts';
import type { Clock } from '../ports/clock.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { COMMANDS } from './commands.ts';
import { explainFailure } from './explain-failure.ts';
import { toCommandHelp, toHelp } from './help.ts';
import type { Options } from './options/option.ts';
import { fitToTerminal, type Output } from './output.ts';
import { COMMON_OPTIONS, type CommandLine, parseCommandLine } from './parse-command-line.ts';

/** What the command line has around it. */
export interface CliWorld {
  readonly output: Output;
  readonly clock: Clock;
  /** Aborted when the person wants the command to end. */
  readonly signal: AbortSignal;
  /** Undefined where nobody is there to answer. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  readonly loadConfig: (options: { readonly isLocal: boolean }) => OperatorConfig;
  readonly connect: (options: ConnectOptions) => Promise<Operations>;
}

/** Carries out what was typed and resolves with the exit code. What goes wrong is told on standard error. */
export async function runCli(args: readonly string[], world: CliWorld): Promise<ExitCode> {
  const { signal } = world;
  const isJson = args.includes('--json');
  const output = isJson ? world.output : fitToTerminal(world.output);
  const [first] = args;
  if (first === undefined) {
    output.warn(toHelp(COMMANDS).trimEnd());
    return 2;
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    await output.write(toHelp(COMMANDS));
    return 0;
  }
  if (first === '--version') {
    await output.write(`${VERSION}\n`);
    return 0;
  }
  try {
    const code = await run(parseCommandLine(args, COMMANDS), world);
    return signal.aborted ? 130 : code;
  } catch (error) {
    const { text, code, exitCode } = explainFailure(error);
    // Whoever ended the command needs not be told that it was ended.
    if (signal.aborted && (error === signal.reason || isAbort(error))) return 130;
    output.fail(isJson ? toVisibleJson({ error: { code, message: text } }) : text);
    return signal.aborted ? 130 : exitCode;
  }
}

async function run({ command, words, texts }: CommandLine, world: CliWorld): Promise<ExitCode> {
  const { clock } = world;
  const nowMs = clock.nowMs();
  if (texts.has('help')) {
    await fitToTerminal(world.output).write(toCommandHelp(command));
    return 0;
  }
  const { json, stage, region } = readOptions(COMMON_OPTIONS, texts, nowMs);
  const options = readOptions(command.options, texts, nowMs);
  const config = world.loadConfig({ isLocal: stage === undefined });
  let operations: Promise<Operations> | undefined;
  const context: CommandContext = {
    ...world,
    output: json ? world.output : fitToTerminal(world.output, { isData: command.isData === true }),
    options,
    words,
    isJson: json,
    config,
    target: { stage, region },
    connect() {
      operations ??= world.connect({ stage, region, config, clock });
      return operations;
    },
  };
  return command.run(context).finally(async () => (await operations?.catch(() => undefined))?.close());
}

function readOptions<O extends Options>(
  options: O,
  texts: CommandLine['texts'],
  nowMs: number,
): { readonly [Name in keyof O]: ReturnType<O[Name]['parse']> } {
  const entries = Object.entries(options).map(([name, { parse }]) => [
    name,
    parse(texts.get(name) ?? [], { name: `--${name}`, nowMs }),
  ]);
  // Every name of the rules is there, with what its own rule makes of it.
  return Object.fromEntries(entries) as { readonly [Name in keyof O]: ReturnType<O[Name]['parse']> };
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
