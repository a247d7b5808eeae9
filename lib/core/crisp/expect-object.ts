import { JobError } from '../errors/job-error.ts';
import type { CrispObject } from './crisp-object.ts';
import { isCrispObject } from './is-crisp-object.ts';

/** The data of a route that answers with one object, unchanged; throws `bad_response:shape` for anything else. */
export function expectObject(data: unknown): CrispObject {
  if (!isCrispObject(data)) throw new JobError('bad_response', { detail: 'shape' });
  return data;
}
