import { ConfigError } from '../../lib/core/errors/config-error.ts';
import { OperationError } from '../../lib/core/errors/operation-error.ts';
import { UsageError } from './usage-error.ts';

/** Runs a command of `npm run` to its end. What is the caller's to mend is told in words; a defect shows its stack. */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    const isForPeople = [UsageError, ConfigError, OperationError].some((known) => error instanceof known);
    console.error(isForPeople && error instanceof Error ? error.message : error);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
