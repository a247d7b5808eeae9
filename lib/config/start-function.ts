import { describeDefect } from '../defects.ts';
import { BadInvocationError, ConfigError, InvocationError } from '../errors.ts';
import { isInLambda } from './load.ts';

/**
 * Builds a function at the start of its process. What that fails with is logged in whole too, and so is what nobody
 * catches later: both are told in our own words.
 */
export function startFunction<Handler>(start: () => Handler): Handler {
  if (isInLambda()) reportStrayErrors(process, (line) => process.stdout.write(`${line}\n`));
  try {
    return start();
  } catch (thrown) {
    // The runtime's own rejection is ours to report now, and would no longer end the process with a failure.
    process.exitCode = 1;
    throw toOwnError(thrown);
  }
}

/** The part of `process` that is used. */
interface StrayErrorSource {
  removeAllListeners(event: 'unhandledRejection' | 'uncaughtException'): unknown;
  on(event: 'unhandledRejection' | 'uncaughtException', listener: (thrown: unknown) => void): unknown;
  exit(code: number): unknown;
}

/**
 * Takes over from Lambda's runtime what nobody caught: the runtime would log it in whole, as a foreign error with all its
 * properties. One line tells its class and place instead. A promise that nobody waits for harms no later invocation;
 * after an exception the process cannot be trusted, and Lambda starts another.
 */
export function reportStrayErrors(source: StrayErrorSource, writeLine: (line: string) => void): void {
  listen('unhandledRejection');
  listen('uncaughtException', () => source.exit(1));

  function listen(event: 'unhandledRejection' | 'uncaughtException', andThen?: () => unknown): void {
    source.removeAllListeners(event);
    source.on(event, (thrown) => {
      const { name, where } = describeDefect(thrown);
      writeLine(
        JSON.stringify({ level: 'ERROR', message: 'stray-error', event, code: 'unexpected', name, where }),
      );
      andThen?.();
    });
  }
}

/** The same handler; but what it fails with is an error in our own words, never one of a library or of AWS. */
export function withoutForeignErrors<Args extends unknown[], Result>(
  handler: (...args: Args) => Promise<Result>,
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    try {
      return await handler(...args);
    } catch (thrown) {
      throw toOwnError(thrown);
    }
  };
}

/** The error with which a function may end: these two are written to be read in the log, everything else is retold. */
function toOwnError(thrown: unknown): Error {
  const isOwn = thrown instanceof BadInvocationError || thrown instanceof ConfigError;
  return isOwn ? thrown : new InvocationError(thrown);
}
