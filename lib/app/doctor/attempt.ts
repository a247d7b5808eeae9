import type { Finding } from '../../core/doctor/finding.ts';
import { ConfigError } from '../../core/errors/config-error.ts';
import { OperationError } from '../../core/errors/operation-error.ts';

export type Attempt<Value> =
  | { readonly value: Value; readonly findings: readonly [] }
  | { readonly value: undefined; readonly findings: readonly Finding[] };

/** Runs one look; what a person can mend becomes a finding under `check`, and a defect stays one. */
export async function attempt<Value>(
  check: string,
  look: () => Promise<Value> | Value,
): Promise<Attempt<Value>> {
  try {
    return { value: await look(), findings: [] };
  } catch (error) {
    return { value: undefined, findings: toFindings(check, error) };
  }
}

function toFindings(check: string, error: unknown): Finding[] {
  if (error instanceof OperationError) {
    return [{ check, state: 'fail', message: 'it could not be looked at', remedy: error.message }];
  }
  if (error instanceof ConfigError) {
    return error.problems.map(({ variable, message }) => ({
      check,
      state: 'fail',
      message: `${variable}: ${message}`,
      remedy: `correct ${variable}; README.md lists what it may be`,
    }));
  }
  throw error;
}
