import type { Clock } from '../clock.ts';
import type { OperatorConfig } from '../config/local-config.ts';
import { describeDefect } from '../defects.ts';
import { ConfigError, JobError, OperationError } from '../errors.ts';
import type { ConnectOptions, Operations } from '../operate/operations.ts';
import { toCommandLine, toVisibleJson } from '../text.ts';
import type { CommandContext, ExitCode } from './command.ts';
import { COMMANDS } from './commands.ts';
import { fitToTerminal, type Output } from './output.ts';
import { describeCommands, followCommandLine, type TypedCommand } from './program.ts';

/** What the command line has around it. */
interface CliWorld {
  readonly output: Output;
  readonly clock: Clock;
  /** Aborted when the person wants the command to end. */
  readonly signal: AbortSignal;
  /** Undefined where nobody is there to answer. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  readonly loadConfig: (options: { readonly isLocal: boolean }) => OperatorConfig | Promise<OperatorConfig>;
  readonly connect: (options: ConnectOptions) => Promise<Operations>;
}

/** Carries out what was typed and resolves with the exit code. What goes wrong is written to standard error. */
export async function runCli(args: readonly string[], world: CliWorld): Promise<ExitCode> {
  const { signal, clock } = world;
  const output = isForPrograms(args) ? world.output : fitToTerminal(world.output);
  try {
    const code = await followCommandLine(args, {
      commands: COMMANDS,
      output: world.output,
      nowMs: clock.nowMs(),
      onCommand: (typed) => runCommand(typed, world),
    });
    return signal.aborted ? 130 : code;
  } catch (error) {
    // A person who ended the command knows that it was ended.
    if (signal.aborted && (error === signal.reason || isAbort(error))) return 130;
    const exitCode = sayFailure(error, args, output);
    return signal.aborted ? 130 : exitCode;
  }
}

/** Writes why the command failed to standard error; the exit code that says so. */
export function sayFailure(error: unknown, args: readonly string[], output: Output): ExitCode {
  const { text, code, exitCode } = explainFailure(error);
  output.fail(isForPrograms(args) ? toVisibleJson({ error: { code, message: text } }) : text);
  return exitCode;
}

const isForPrograms = (args: readonly string[]) => args.includes('--json');

async function runCommand(typed: TypedCommand, world: CliWorld): Promise<ExitCode> {
  const { command, options, words, json, stage, region } = typed;
  const config = await world.loadConfig({ isLocal: stage === undefined });
  let operations: Promise<Operations> | undefined;
  const context: CommandContext = {
    ...world,
    output: json ? world.output : fitToTerminal(world.output, { isData: command.isData === true }),
    options,
    words,
    isJson: json,
    config,
    target: { stage, region },
    describeCommands: () => describeCommands(COMMANDS),
    commandLine: (line) =>
      toCommandLine(line, stage === undefined ? undefined : { stage, region: region ?? config.region }),
    connect() {
      operations ??= world.connect({ stage, region, config, clock: world.clock });
      return operations;
    },
  };
  return command.run(context).finally(async () => (await operations?.catch(() => undefined))?.close());
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

interface CliFailure {
  readonly code: string;
  /** What a person reads: one sentence, or the list of problems. */
  readonly text: string;
  readonly exitCode: 1 | 2;
}

/** What to tell where a command failed. A defect is told by its name and place: its message could quote anything. */
function explainFailure(error: unknown): CliFailure {
  if (error instanceof OperationError) {
    return { code: error.code, text: error.message, exitCode: error.exitCode };
  }
  if (error instanceof ConfigError) return { code: 'config_invalid', text: error.message, exitCode: 2 };
  if (error instanceof JobError) {
    return { code: error.reason, text: `${error.message}; docs/errors.md explains the code`, exitCode: 1 };
  }
  const { name, where } = describeDefect(error);
  return { code: 'unexpected', text: `unexpected: ${name} ${where} (please report it)`, exitCode: 1 };
}
