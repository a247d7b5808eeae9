import type { RunStage } from '../run/run.ts';
import type { JobErrorCode } from './job-error.ts';

const STAGES: Readonly<Record<JobErrorCode, RunStage>> = {
  malformed_message: 'decode',
  unsupported_version: 'decode',
  unexpected_envelope: 'decode',
  missing_field: 'decode',
  website_id_required: 'decode',
  website_id_invalid: 'decode',
  session_id_invalid: 'decode',

  crisp_unreachable: 'fetch',
  crisp_timeout: 'fetch',
  crisp_unavailable: 'fetch',
  crisp_auth_failed: 'fetch',
  crisp_tls_failed: 'fetch',
  crisp_rate_limited: 'fetch',
  crisp_quota_exceeded: 'fetch',
  crisp_forbidden: 'fetch',
  crisp_not_subscribed: 'fetch',
  crisp_route_unknown: 'fetch',
  crisp_rejected: 'fetch',
  crisp_error: 'fetch',
  unexpected_redirect: 'fetch',
  bad_response: 'fetch',
  bad_encoding: 'fetch',
  response_too_large: 'fetch',
  session_mismatch: 'fetch',
  schema_mismatch: 'fetch',
  conversation_missing: 'fetch',
  paging_stuck: 'fetch',
  paging_cap_reached: 'fetch',

  archive_failed: 'archive',
  record_superseded: 'archive',
  topic_failed: 'announce',
  // By the archive or by the topic: the hint names the one.
  downstream_denied: 'announce',
  record_too_large: 'announce',
  ledger_failed: 'ledger',
  deadline_reached: 'run',
  switch_failed: 'run',
  visibility_failed: 'run',
  unexpected: 'run',
};

/** The part of the work in which a failure of this code belongs. */
export function toStage(code: JobErrorCode): RunStage {
  return STAGES[code];
}
