import { describeDefect } from './describe-defect.ts';
import { JobError } from './job-error.ts';

/**
 * What an invocation fails with in the place of what was thrown. Lambda logs a failure in whole: message, causes and
 * every property, and those of a foreign error hold requests, headers and answers. Here are a code or a class, and the
 * place; nothing else of it.
 */
export class InvocationError extends Error {
  override readonly name = 'InvocationError';

  constructor(thrown: unknown) {
    super(thrown instanceof JobError ? thrown.reason : describe(thrown));
  }
}

function describe(thrown: unknown): string {
  const { name, where } = describeDefect(thrown);
  return where === '' ? `unexpected: ${name} thrown` : `unexpected: ${name} ${where}`;
}
