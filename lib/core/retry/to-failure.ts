import type { JobError } from '../errors/job-error.ts';
import { clipReason } from '../run/clip-reason.ts';
import type { Failure } from './failure-note.ts';

/** What is remembered and told of an error; its hint clipped, and with nothing invisible in it. */
export function toFailure({ code, detail, hint, status }: JobError): Failure {
  return { code, detail, hint: hint === undefined ? undefined : clipReason(hint), status };
}
