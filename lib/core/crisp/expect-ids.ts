import { JobError } from '../errors/job-error.ts';
import { parseSessionId, parseWebsiteId } from '../ids.ts';
import type { CrispObject } from './crisp-object.ts';

/**
 * Refuses an answer about somebody else: every id of `expected` that `answer` carries has to be the one asked for.
 * UUIDs may differ in case. Throws `session_mismatch`, because a wrong answer must never become a record.
 */
export function expectIds(answer: CrispObject, expected: { readonly [field: string]: string }): void {
  for (const [field, id] of Object.entries(expected)) {
    const found = answer[field];
    if (found === undefined || found === null) continue;
    if (!isSameId(found, id)) throw new JobError('session_mismatch', { hint: `${field} of another` });
  }
}

/**
 * Refuses a message of somebody else. Its ids are not needed, so one that is no id at all says nothing, and stays in the
 * message as it came. Throws `session_mismatch`.
 */
export function refuseOtherIds(
  message: CrispObject,
  { website_id, session_id }: { readonly website_id: string; readonly session_id: string },
): void {
  if (parseWebsiteId(message.website_id)) expectIds(message, { website_id });
  if (parseSessionId(message.session_id)) expectIds(message, { session_id });
}

function isSameId(found: unknown, id: string): boolean {
  if (typeof found !== 'string') return false;
  // A session id has no documented case rule: it is compared as it is.
  return id.startsWith('session_') ? found === id : found.toLowerCase() === id.toLowerCase();
}
