import { JobError } from '../errors/job-error.ts';
import { parseSessionId, parseWebsiteId, type SessionRef } from '../ids.ts';

/**
 * Where the archive keeps something of a session: `records/{websiteId}/{sessionId}/{version}.json`, or
 * `latest/{websiteId}/{sessionId}.json`. The ids are checked again here: nothing may leave its place in the key.
 * Throws `website_id_invalid`, `session_id_invalid`, or a RangeError for a version that is no positive integer.
 */
export function toArchiveKey(session: SessionRef, version: number | 'latest'): string {
  const websiteId = parseWebsiteId(session.websiteId);
  if (!websiteId) throw new JobError('website_id_invalid');
  const sessionId = parseSessionId(session.sessionId);
  if (!sessionId) throw new JobError('session_id_invalid');

  if (version === 'latest') return `latest/${websiteId}/${sessionId}.json`;
  if (!Number.isSafeInteger(version) || version <= 0) throw new RangeError('not the version of a record');
  return `records/${websiteId}/${sessionId}/${version}.json`;
}
