import { once } from 'node:events';
import type { Clock } from '../clock.ts';
import type { OperatorConfig } from '../config/local-config.ts';
import { describeDefect } from '../defects.ts';
import { ConfigError, JobError, OperationError } from '../errors.ts';
import { VERSION } from '../ids.ts';
import type { ConnectOptions, Operations } from '../operate/operations.ts';
import { toVisibleJson } from '../text.ts';
import type { Command, CommandContext, ExitCode, Option, Options } from './command.ts';
import { COMMON_OPTIONS, type CommandLine, parseCommandLine } from './command-line.ts';
import { dlqExport, dlqList, dlqShow } from './commands/dlq.ts';
import { dlqDrop, dlqRedrive } from './commands/dlq-redrive.ts';
import { doctor } from './commands/doctor.ts';
import { enqueue } from './commands/enqueue.ts';
import { erase } from './commands/erase.ts';
import { pause, resume } from './commands/pause.ts';
import { secretsList, secretsSet } from './commands/secrets.ts';
import { status } from './commands/status.ts';
import { runs, trace } from './commands/trace.ts';
import { fitToTerminal, type Output } from './output.ts';

/** What the command line has around it. */
interface CliWorld {
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
  if (error instanceof JobError) return { code: error.reason, text: error.message, exitCode: 1 };
  const { name, where } = describeDefect(error);
  return { code: 'unexpected', text: `unexpected: ${name} ${where} (please report it)`, exitCode: 1 };
}

interface ProcessOutput extends Output {
  /** True once the reader has gone, as `head` does: nothing more is written then. */
  isClosed(): boolean;
}

interface Streams {
  readonly stdout: NodeJS.WritableStream & { readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly columns?: number };
}

interface OutputOptions {
  /** Called where the reader goes away. */
  readonly onClosed: () => void;
  /** Aborted: no reader is waited for any more. */
  readonly signal: AbortSignal;
}

/** The output of a process, at its reader's pace. */
export function openOutput({ stdout, stderr }: Streams, { onClosed, signal }: OutputOptions): ProcessOutput {
  let isClosed = false;
  stdout.on('error', () => {
    isClosed = true;
    onClosed();
  });
  // Nobody can be told that nobody listens.
  stderr.on('error', () => undefined);

  return {
    async write(text) {
      if (isClosed || stdout.write(text)) return;
      // A reader that goes away meanwhile ends the wait with an error, which is told above.
      await once(stdout, 'drain', { signal }).catch(() => undefined);
    },
    warn(text) {
      if (!isClosed) stderr.write(`${text}\n`);
    },
    fail(text) {
      stderr.write(`${text}\n`);
    },
    // Terminals alone have columns.
    width: (stream) => (stream === 'stdout' ? stdout : stderr).columns,
    isClosed: () => isClosed,
  };
}

/** Every command, in the order in which the help shows them. */
export const COMMANDS: readonly Command[] = [
  status,
  trace,
  runs,
  enqueue,
  dlqList,
  dlqShow,
  dlqRedrive,
  dlqDrop,
  dlqExport,
  erase,
  pause,
  resume,
  secretsSet,
  secretsList,
  doctor,
];

const NAME_WIDTH = 24;

/** What can be typed, and what each does. */
function toHelp(commands: readonly Command[]): string {
  return [
    'crisp-enrich COMMAND [options]',
    '',
    ...commands.map(({ name, words, summary }) => toLine(words ? `${name} ${words}` : name, summary)),
    '',
    ...toOptionLines(COMMON_OPTIONS),
    '',
    'Without --stage the local mode that runs here is meant. `crisp-enrich COMMAND --help` tells more.',
    'Exit codes: 0 done, 1 failed, 2 not understood, 3 done in part, 130 interrupted.',
    '',
  ].join('\n');
}

/** One command with its options. */
function toCommandHelp({ name, words, summary, options }: Command): string {
  const own = toOptionLines(options);
  return [
    `crisp-enrich ${name}${words ? ` ${words}` : ''} [options]`,
    '',
    `  ${summary}`,
    '',
    ...own,
    ...(own.length > 0 ? [''] : []),
    ...toOptionLines(COMMON_OPTIONS),
    '',
  ].join('\n');
}

function toOptionLines(options: Readonly<Record<string, Option<unknown>>>): string[] {
  return Object.entries(options).map(([name, { placeholder, help }]) =>
    toLine(`--${name}${placeholder ? ` ${placeholder}` : ''}`, help),
  );
}

function toLine(left: string, right: string): string {
  return `  ${left.padEnd(NAME_WIDTH)}${left.length < NAME_WIDTH ? '' : ' '}${right}`;
}
