import type { JobError, JobErrorCode } from '../errors/job-error.ts';

/**
 * What a failed run says about everything else. Nothing that was read under one session's path says anything about token,
 * address or Crisp as a whole by itself: the control call or other sessions have to agree.
 * - `crisp`: Crisp failed, or rejected token or address; for this session or for all: the control call tells.
 * - `refusal`: Crisp limits us; perhaps for a moment only.
 * - `verdict`: Crisp said for good that this cannot be had; of this session or of all: a healthy one tells.
 * - `denied`: our own side lacks a right: nothing can work, and nothing can be asked.
 * - `platform`: our own side failed, for this session or for all: only others can tell.
 * - `none`: it is the session's own.
 */
export type Evidence = 'crisp' | 'refusal' | 'verdict' | 'denied' | 'platform' | 'none';

const EVIDENCE: Readonly<Partial<Record<JobErrorCode, Evidence>>> = {
  crisp_unreachable: 'crisp',
  crisp_timeout: 'crisp',
  crisp_unavailable: 'crisp',
  crisp_error: 'crisp',
  crisp_auth_failed: 'crisp',
  crisp_tls_failed: 'crisp',
  crisp_route_unknown: 'crisp',
  // Where Crisp sends its callers elsewhere, it does so for all: a redirect says nothing about a session.
  unexpected_redirect: 'crisp',
  bad_response: 'crisp',
  bad_encoding: 'crisp',

  crisp_rate_limited: 'refusal',
  crisp_quota_exceeded: 'refusal',

  crisp_forbidden: 'verdict',
  crisp_not_subscribed: 'verdict',
  crisp_rejected: 'verdict',
  session_mismatch: 'verdict',
  response_too_large: 'verdict',

  downstream_denied: 'denied',

  archive_failed: 'platform',
  topic_failed: 'platform',
  unexpected: 'platform',
};

export function toEvidence({ code, route }: JobError): Evidence {
  // The control call may need a right that nothing else needs: that the token has it not, says nothing of anything.
  if (code === 'crisp_forbidden' && route === CONTROL_ROUTE) return 'none';
  return EVIDENCE[code] ?? 'none';
}

/** The route of the control call: the website itself, under no session's path. */
export const CONTROL_ROUTE = 'website';

/** A refusal that asks for longer than this is no matter of a moment. */
const LONG_RETRY_AFTER_MS = 60_000;

/** True of a refusal that lasts: a spent quota, or one that asks for more than a minute. */
export function isLongRefusal({ code, retryAfterMs = 0 }: JobError): boolean {
  return code === 'crisp_quota_exceeded' || retryAfterMs > LONG_RETRY_AFTER_MS;
}

/**
 * True where the control call's failure says that Crisp, the token or the whole website is in trouble. A verdict does not,
 * but for the one that is about websites: any answer shows that Crisp works and that the token does.
 */
export function isControlFailure(error: JobError): boolean {
  const evidence = toEvidence(error);
  return evidence === 'crisp' || evidence === 'refusal' || error.code === 'crisp_not_subscribed';
}
