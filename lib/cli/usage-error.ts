import { OperationError } from '../core/errors/operation-error.ts';

/** A command line that cannot be followed: what was expected, and what was found. */
export function toUsageError(message: string): OperationError {
  return new OperationError('usage', message);
}
