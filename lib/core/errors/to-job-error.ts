import { describeDefect } from './describe-defect.ts';
import { JobError } from './job-error.ts';

/** The error of a failed job, whatever was thrown. Adapters translate what they know; anything else is a defect. */
export function toJobError(thrown: unknown): JobError {
  if (thrown instanceof JobError) return thrown;
  const { name, where } = describeDefect(thrown);
  return new JobError('unexpected', { detail: name, cause: thrown, ...(where !== '' && { hint: where }) });
}
