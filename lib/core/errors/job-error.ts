import { toReason } from './to-reason.ts';

/**
 * How a failure of a job is meant to be answered.
 * - `transient`: it may pass: try again after a backoff. The session's own, unless others fail as well.
 * - `refused`: Crisp limits us (rate, quota): wait, the job is not to blame.
 * - `outage`: nothing can work at the moment (credentials, certificates, permissions, a wrong address): wait, the job is not to blame.
 * - `missing`: Crisp does not have the conversation: confirm, then announce its removal.
 * - `permanent`: trying again cannot help.
 */
export type Disposition = 'transient' | 'refused' | 'outage' | 'missing' | 'permanent';

/** Every reason for which a job fails. docs/errors.md lists them with meaning and remedy; a test keeps the two equal. */
export const JOB_ERRORS = {
  malformed_message: 'permanent',
  unsupported_version: 'permanent',
  unexpected_envelope: 'permanent',
  missing_field: 'permanent',
  website_id_required: 'permanent',
  website_id_invalid: 'permanent',
  session_id_invalid: 'permanent',

  crisp_unreachable: 'transient',
  crisp_timeout: 'transient',
  crisp_unavailable: 'transient',
  crisp_auth_failed: 'outage',
  crisp_tls_failed: 'outage',
  crisp_rate_limited: 'refused',
  crisp_quota_exceeded: 'refused',
  crisp_forbidden: 'permanent',
  crisp_not_subscribed: 'permanent',
  crisp_route_unknown: 'outage',
  crisp_rejected: 'permanent',
  crisp_error: 'transient',
  unexpected_redirect: 'transient',
  bad_response: 'transient',
  bad_encoding: 'transient',
  response_too_large: 'permanent',
  session_mismatch: 'permanent',
  schema_mismatch: 'permanent',
  conversation_missing: 'missing',
  paging_stuck: 'transient',
  paging_cap_reached: 'permanent',

  archive_failed: 'transient',
  record_superseded: 'transient',
  topic_failed: 'transient',
  downstream_denied: 'outage',
  ledger_failed: 'transient',
  record_too_large: 'permanent',
  deadline_reached: 'transient',
  switch_failed: 'transient',
  visibility_failed: 'transient',
  unexpected: 'transient',
} as const satisfies Record<string, Disposition>;

export type JobErrorCode = keyof typeof JOB_ERRORS;

export function isJobErrorCode(text: string): text is JobErrorCode {
  return Object.hasOwn(JOB_ERRORS, text);
}

export interface JobErrorContext {
  /** Refines the code: `bad_response` + `missing_data` reads `bad_response:missing_data`. Never message text. */
  readonly detail?: string;
  /** One sentence for a person. Never message text, a URL query, or a secret. */
  readonly hint?: string;
  /** HTTP status of the answer that caused it. */
  readonly status?: number;
  /** How long the other side asked to be left alone, in ms. */
  readonly retryAfterMs?: number;
  /** The route of Crisp's API that failed, without its ids. */
  readonly route?: string;
  readonly cause?: unknown;
}

/** A job that failed, translated once, where the foreign error is known. */
export class JobError extends Error {
  override readonly name = 'JobError';
  readonly code: JobErrorCode;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly route: string | undefined;

  constructor(code: JobErrorCode, context: JobErrorContext = {}) {
    const { detail, hint, status, retryAfterMs, route, cause } = context;
    const reason = toReason({ code, detail });
    super(hint === undefined ? reason : `${reason} (${hint})`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.detail = detail;
    this.hint = hint;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.route = route;
  }

  /** The same failure, with the route of Crisp's API on which it happened. */
  at(route: string): JobError {
    const { code, detail, hint, status, retryAfterMs, cause } = this;
    const context = { detail, hint, status, retryAfterMs, route, cause };
    const given = Object.entries(context).filter(([, value]) => value !== undefined);
    return new JobError(code, Object.fromEntries(given));
  }

  get disposition(): Disposition {
    return JOB_ERRORS[this.code];
  }

  /** `code` or `code:detail`: what logs, the ledger and people see. */
  get reason(): string {
    return toReason(this);
  }
}
