import type { Operations } from '../app/create-operations.ts';
import type { OperatorConfig } from '../core/config/parse-operator-config.ts';
import type { Clock } from '../ports/clock.ts';
import type { Options, OptionValues } from './options/option.ts';
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
  /** Asks the person; undefined where nobody is there to answer. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  /** Finds the stage, and connects to it. */
  readonly connect: () => Promise<Operations>;
}

/** A command as data. */
export interface Command {
  /** As it is typed: `dlq list`. */
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** What may follow, in the help: `SESSION…`; undefined: nothing. */
  readonly words?: string;
  readonly options: Options;
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
  // The parser fills `options` from this command's own rules, so the values have their types.
  return command as unknown as Command;
}
