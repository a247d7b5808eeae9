import { ConfigError } from '../core/errors/config-error.ts';
import { describeDefect } from '../core/errors/describe-defect.ts';
import { JobError } from '../core/errors/job-error.ts';
import { OperationError } from '../core/errors/operation-error.ts';

export interface CliFailure {
  readonly code: string;
  /** What a person reads: one sentence, or the list of problems. */
  readonly text: string;
  readonly exitCode: 1 | 2;
}

/** What to tell where a command failed. A defect is told by its name and place: its message could quote anything. */
export function explainFailure(error: unknown): CliFailure {
  if (error instanceof OperationError) {
    return { code: error.code, text: error.message, exitCode: error.exitCode };
  }
  if (error instanceof ConfigError) return { code: 'config_invalid', text: error.message, exitCode: 2 };
  if (error instanceof JobError) return { code: error.reason, text: error.message, exitCode: 1 };
  const { name, where } = describeDefect(error);
  return { code: 'unexpected', text: `unexpected: ${name} ${where} (please report it)`, exitCode: 1 };
}
