import type { Clock } from '../clock.ts';
import type { OperatorConfig } from '../config/local-config.ts';
import { OperationError } from '../errors.ts';
import type { Operations } from '../operate/operations.ts';
import { toPrintable } from '../text.ts';
import type { Output } from './output.ts';

/** 0: done. 1: failed. 2: not understood. 3: done in part. 130: interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

/** What a command works with. */
export interface CommandContext<O extends Options = Options> {
  readonly options: OptionValues<O>;
  /** What is neither the command nor an option. */
  readonly words: readonly string[];
  /** True for the machine's form of the output. */
  readonly isJson: boolean;
  readonly output: Output;
  readonly clock: Clock;
  /** Aborted when the person wants the command to end. */
  readonly signal: AbortSignal;
  readonly config: OperatorConfig;
  /** What `--stage` and `--region` say; undefined where they are left out. */
  readonly target: { readonly stage: string | undefined; readonly region: string | undefined };
  /** A command for this stage that can be pasted: `npx crisp-enrich resume --stage prod --region eu-west-1`. */
  readonly commandLine: (words: string) => string;
  /** Asks the person; undefined where nobody is there to answer. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** Finds the stage, and connects to it. */
  readonly connect: () => Promise<Operations>;
  /** All there are, each loaded: for what completes them. */
  readonly describeCommands: () => Promise<readonly DescribedCommand[]>;
}

/** A command as its options are known. */
export interface DescribedCommand extends Pick<ListedCommand, 'name' | 'summary'> {
  readonly options: readonly { readonly name: string; readonly help: string; readonly takesValue: boolean }[];
}

/** A command's line in the list: what the help shows of it, and where the rest is, which is loaded when it is typed. */
export interface ListedCommand {
  /** As it is typed: `dlq list`. */
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** What may follow, in the help: `SESSION…`; undefined: nothing. */
  readonly words?: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

/** What a command is made of beside its line in the list. */
export interface Command {
  readonly options: Options;
  /** For the help: each without the name of the program. */
  readonly examples: readonly string[];
  /** Its standard output is for programs, also without `--json`. */
  readonly isData?: true;
  /** Returns the exit code; throws `OperationError` where it cannot go on. */
  readonly run: (context: CommandContext) => Promise<ExitCode>;
}

/** Gives a command's `run` the types of its own options. */
export function defineCommand<const O extends Options>(
  command: Omit<Command, 'options' | 'run'> & {
    readonly options: O;
    readonly run: (context: CommandContext<O>) => Promise<ExitCode>;
  },
): Command {
  // The program fills `options` from this command's own rules, so the values have their types.
  return command as unknown as Command;
}

/** One `--name` of a command. */
export interface Option<T> {
  /** What stands for the value in the help; undefined for a flag, which has none. */
  readonly placeholder?: string;
  readonly help: string;
  /** Of the values as they were given, none where it was not; throws `OperationError` `usage`. */
  readonly parse: (texts: readonly string[], about: OptionContext) => T;
}

interface OptionContext {
  /** With its dashes. */
  readonly name: string;
  readonly nowMs: number;
}

export type Options = Readonly<Record<string, Option<unknown>>>;

export type OptionValues<O extends Options> = { readonly [Name in keyof O]: ReturnType<O[Name]['parse']> };

export function flag(help: string): Option<boolean> {
  return { help, parse: (texts) => texts.length > 0 };
}

interface ValueRule<T> {
  readonly placeholder: string;
  readonly help: string;
  /** Completes the sentence "--name must be …". */
  readonly expected: string;
  /** Undefined for a text that breaks the rule. */
  readonly read: (text: string, nowMs: number) => T | undefined;
}

/** An option that has one value, or none where it is left out. */
export function value<T>({ placeholder, help, expected, read }: ValueRule<T>): Option<T | undefined> {
  return {
    placeholder,
    help,
    parse(texts, { name, nowMs }) {
      const [text, ...more] = texts;
      if (text === undefined) return undefined;
      if (more.length > 0) throw toUsageError(`${name} was given more than once`);
      const parsed = read(text, nowMs);
      if (parsed === undefined)
        throw toUsageError(`${name} must be ${expected}, got '${toPrintable(text, 40)}'`);
      return parsed;
    },
  };
}

/** An option that may be given several times; undefined where it never was. */
export function values<T>({
  placeholder,
  help,
  expected,
  read,
}: ValueRule<T>): Option<readonly T[] | undefined> {
  const one = value({ placeholder, help, expected, read });
  return {
    placeholder,
    help,
    parse(texts, about) {
      if (texts.length === 0) return undefined;
      return texts.flatMap((text) => one.parse([text], about) ?? []);
    },
  };
}

/** A command line that cannot be followed: what was expected, and what was found. */
export function toUsageError(message: string): OperationError {
  return new OperationError('usage', message);
}
