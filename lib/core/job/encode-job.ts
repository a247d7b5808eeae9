import type { SessionJob } from './session-job.ts';

/** Version of the queue message; a consumer refuses one that it does not know. */
export const JOB_VERSION = 1;

/** The body of a queue message: ids, a mode and two moments, never content. The inverse of `decodeJob`. */
export function encodeJob({ websiteId, sessionId, mode, bucketMs, notBeforeMs }: SessionJob): string {
  return JSON.stringify({ v: JOB_VERSION, websiteId, sessionId, mode, bucketMs, notBeforeMs });
}
