import type { JobError, JobErrorCode } from '../errors/job-error.ts';

/**
 * What a failed run says about everything else.
 * - `outage`: nothing can work (credentials, certificates, permissions, a spent quota).
 * - `refusal`: Crisp limits us; perhaps for a moment only.
 * - `crisp`: Crisp failed, for this session or for all: the control call tells.
 * - `platform`: our own side failed, for this session or for all: only others can tell.
 * - `none`: it is the session's own.
 */
export type Evidence = 'outage' | 'refusal' | 'crisp' | 'platform' | 'none';

/** A refusal that asks for longer than this is no matter of a moment. */
const LONG_RETRY_AFTER_MS = 60_000;

const OF_CRISP: ReadonlySet<JobErrorCode> = new Set<JobErrorCode>([
  'crisp_unreachable',
  'crisp_timeout',
  'crisp_unavailable',
  'crisp_error',
  // Where Crisp sends its callers elsewhere, it does so for all: a redirect says nothing about a session.
  'unexpected_redirect',
  'bad_response',
  'bad_encoding',
]);

const OF_PLATFORM: ReadonlySet<JobErrorCode> = new Set<JobErrorCode>([
  'archive_failed',
  'topic_failed',
  'unexpected',
]);

export function toEvidence({ code, disposition, retryAfterMs = 0 }: JobError): Evidence {
  if (OF_CRISP.has(code)) return 'crisp';
  if (OF_PLATFORM.has(code)) return 'platform';
  if (code === 'crisp_quota_exceeded' || disposition === 'outage') return 'outage';
  if (disposition !== 'refused') return 'none';
  return retryAfterMs > LONG_RETRY_AFTER_MS ? 'outage' : 'refusal';
}
