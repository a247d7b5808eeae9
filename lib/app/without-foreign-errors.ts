import { BadInvocationError } from '../core/errors/bad-invocation-error.ts';
import { ConfigError } from '../core/errors/config-error.ts';
import { InvocationError } from '../core/errors/invocation-error.ts';

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
export function toOwnError(thrown: unknown): Error {
  const isOwn = thrown instanceof BadInvocationError || thrown instanceof ConfigError;
  return isOwn ? thrown : new InvocationError(thrown);
}
