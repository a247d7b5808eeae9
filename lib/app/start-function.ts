import { isInLambda } from './load-config.ts';
import { reportStrayErrors } from './report-stray-errors.ts';
import { toOwnError } from './without-foreign-errors.ts';

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
