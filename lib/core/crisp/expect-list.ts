import { JobError } from '../errors/job-error.ts';

/** The data of a route that answers with a list, its items unchanged; throws `bad_response:shape` for anything else. */
export function expectList(data: unknown): readonly unknown[] {
  if (!Array.isArray(data)) throw new JobError('bad_response', { detail: 'shape' });
  return data;
}
