import type { SessionJob } from '../queue/job.ts';
import type { StoredLatest } from '../record/archive.ts';
import type { SessionUnit } from './context.ts';

/**
 * True where the record that was announced last answers all of these messages, so that none needs a call to Crisp: its
 * fetch was at least as strong as they ask, and began after every event of their buckets. Rests on the archive alone.
 */
export function isCovered(stored: StoredLatest | null, { messages }: SessionUnit): boolean {
  if (!stored?.latest.announced) return false;
  const { started_ms, full_started_ms } = stored.latest;
  return messages.every(({ job }) => isAnswered(job, job.mode === 'full' ? full_started_ms : started_ms));
}

/** Another producer's message does not say by when its events happened: it is answered by a fetch of its own. */
function isAnswered({ notBeforeMs }: SessionJob, fetchStartedMs: number | undefined): boolean {
  return notBeforeMs !== undefined && fetchStartedMs !== undefined && notBeforeMs <= fetchStartedMs;
}
