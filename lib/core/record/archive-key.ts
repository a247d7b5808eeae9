import { JobError } from '../errors/job-error.ts';
import { parseSessionId, parseWebsiteId, type SessionRef } from '../ids.ts';

/**
 * Where the archive keeps something of a session: `records/{websiteId}/{sessionId}/{version}.json`, or
 * `latest/{websiteId}/{sessionId}.json`. The ids are checked again here: nothing may leave its place in the key.
 * Throws `website_id_invalid`, `session_id_invalid`, or a RangeError for a version that is no positive integer.
 */
export function toArchiveKey(session: SessionRef, version: number | 'latest'): string {
  const place = toPlace(session);
  if (version === 'latest') return `latest/${place}.json`;
  if (!Number.isSafeInteger(version) || version <= 0) throw new RangeError('not the version of a record');
  return `${toRecordsPrefix(session)}${version}.json`;
}

/** Where all records of a session are, and of no other. Throws as `toArchiveKey` does. */
export function toRecordsPrefix(session: SessionRef): string {
  return `records/${toPlace(session)}/`;
}

function toPlace(session: SessionRef): string {
  const websiteId = parseWebsiteId(session.websiteId);
  if (!websiteId) throw new JobError('website_id_invalid');
  const sessionId = parseSessionId(session.sessionId);
  if (!sessionId) throw new JobError('session_id_invalid');
  return `${websiteId}/${sessionId}`;
}
