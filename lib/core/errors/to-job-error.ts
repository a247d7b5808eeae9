import { JobError } from './job-error.ts';

/**
 * The error of a failed job, whatever was thrown. Adapters translate what they know; anything else is a defect and is
 * named by its class alone, because its message may hold anything.
 */
export function toJobError(thrown: unknown): JobError {
  if (thrown instanceof JobError) return thrown;
  return new JobError('unexpected', { detail: toClassName(thrown), cause: thrown });
}

function toClassName(thrown: unknown): string {
  return thrown instanceof Error ? thrown.constructor.name : typeof thrown;
}
