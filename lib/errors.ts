import { describeDefect } from './defects.ts';

/**
 * How a failure of a job is meant to be answered.
 * - `transient`: it may pass: try again after a backoff. The session's own, unless others fail as well.
 * - `refused`: Crisp limits us (rate, quota): wait, the job is not to blame.
 * - `outage`: nothing can work at the moment (credentials, certificates, permissions, a wrong address): wait, the job is not to blame.
 * - `missing`: Crisp does not have the conversation: confirm, then announce its removal.
 * - `permanent`: trying again cannot help.
 */
export type Disposition = 'transient' | 'refused' | 'outage' | 'missing' | 'permanent';

/** The part of the work in which a job failed. */
export type RunStage = (typeof RUN_STAGES)[number];
export const RUN_STAGES = ['decode', 'fetch', 'archive', 'announce', 'ledger', 'run'] as const;

/**
 * What a failed run says about everything else. Nothing that was read under one session's path says anything about token,
 * address or Crisp as a whole by itself: the control call or other sessions have to agree.
 * - `crisp`: Crisp failed, or rejected token or address; for this session or for all: the control call tells.
 * - `refusal`: Crisp limits us; perhaps for a moment only.
 * - `budget`: the day's calls are spent by our own count: nothing needs to be asked.
 * - `verdict`: Crisp said for good that this cannot be had; of this session or of all: a healthy one tells.
 * - `denied`: our own side lacks a right: nothing can work, and nothing can be asked.
 * - `platform`: our own side failed, for this session or for all: only others can tell.
 * - `none`: it is the session's own.
 */
export type Evidence = 'crisp' | 'refusal' | 'budget' | 'verdict' | 'denied' | 'platform' | 'none';

interface JobErrorTerms {
  readonly disposition: Disposition;
  readonly stage: RunStage;
  readonly evidence: Evidence;
}

/**
 * Every reason for which a job fails: how it is answered, where it belongs, and what it says about everything else.
 * docs/errors.md lists them with meaning and remedy; a test keeps the two equal.
 */
export const JOB_ERRORS = {
  malformed_message: { disposition: 'permanent', stage: 'decode', evidence: 'none' },
  unsupported_version: { disposition: 'permanent', stage: 'decode', evidence: 'none' },
  unexpected_envelope: { disposition: 'permanent', stage: 'decode', evidence: 'none' },
  missing_field: { disposition: 'permanent', stage: 'decode', evidence: 'none' },
  website_id_required: { disposition: 'permanent', stage: 'decode', evidence: 'none' },
  website_id_invalid: { disposition: 'permanent', stage: 'decode', evidence: 'none' },
  session_id_invalid: { disposition: 'permanent', stage: 'decode', evidence: 'none' },

  crisp_unreachable: { disposition: 'transient', stage: 'fetch', evidence: 'crisp' },
  crisp_timeout: { disposition: 'transient', stage: 'fetch', evidence: 'crisp' },
  crisp_unavailable: { disposition: 'transient', stage: 'fetch', evidence: 'crisp' },
  crisp_auth_failed: { disposition: 'outage', stage: 'fetch', evidence: 'crisp' },
  crisp_tls_failed: { disposition: 'outage', stage: 'fetch', evidence: 'crisp' },
  crisp_rate_limited: { disposition: 'refused', stage: 'fetch', evidence: 'refusal' },
  crisp_quota_exceeded: { disposition: 'refused', stage: 'fetch', evidence: 'refusal' },
  quota_exhausted: { disposition: 'refused', stage: 'fetch', evidence: 'budget' },
  crisp_forbidden: { disposition: 'permanent', stage: 'fetch', evidence: 'verdict' },
  crisp_not_subscribed: { disposition: 'permanent', stage: 'fetch', evidence: 'verdict' },
  crisp_route_unknown: { disposition: 'outage', stage: 'fetch', evidence: 'crisp' },
  crisp_rejected: { disposition: 'permanent', stage: 'fetch', evidence: 'verdict' },
  crisp_error: { disposition: 'transient', stage: 'fetch', evidence: 'crisp' },
  // Where Crisp sends its callers elsewhere, it does so for all: a redirect says nothing about a session.
  unexpected_redirect: { disposition: 'transient', stage: 'fetch', evidence: 'crisp' },
  bad_response: { disposition: 'transient', stage: 'fetch', evidence: 'crisp' },
  bad_encoding: { disposition: 'transient', stage: 'fetch', evidence: 'crisp' },
  response_too_large: { disposition: 'permanent', stage: 'fetch', evidence: 'verdict' },
  conversation_too_large: { disposition: 'permanent', stage: 'fetch', evidence: 'none' },
  session_mismatch: { disposition: 'permanent', stage: 'fetch', evidence: 'verdict' },
  schema_mismatch: { disposition: 'permanent', stage: 'fetch', evidence: 'none' },
  conversation_missing: { disposition: 'missing', stage: 'fetch', evidence: 'none' },
  paging_stuck: { disposition: 'transient', stage: 'fetch', evidence: 'none' },
  paging_cap_reached: { disposition: 'permanent', stage: 'fetch', evidence: 'none' },

  archive_failed: { disposition: 'transient', stage: 'archive', evidence: 'platform' },
  record_superseded: { disposition: 'transient', stage: 'archive', evidence: 'none' },
  topic_failed: { disposition: 'transient', stage: 'announce', evidence: 'platform' },
  // By the archive or by the topic: the hint names the one.
  downstream_denied: { disposition: 'outage', stage: 'announce', evidence: 'denied' },
  ledger_failed: { disposition: 'transient', stage: 'ledger', evidence: 'none' },
  record_too_large: { disposition: 'permanent', stage: 'announce', evidence: 'none' },
  deadline_reached: { disposition: 'transient', stage: 'run', evidence: 'none' },
  switch_failed: { disposition: 'transient', stage: 'run', evidence: 'none' },
  visibility_failed: { disposition: 'transient', stage: 'run', evidence: 'none' },
  unexpected: { disposition: 'transient', stage: 'run', evidence: 'platform' },
} as const satisfies Record<string, JobErrorTerms>;

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
    return JOB_ERRORS[this.code].disposition;
  }

  /** `code` or `code:detail`: what logs, the ledger and people see. */
  get reason(): string {
    return toReason(this);
  }
}

/**
 * - `retry`: it was the session's own failure, and it has attempts left.
 * - `defer`: it was not; the message is received again, and nothing was spent.
 * - `dead`: no further attempt is made: the message is shown again at once, until its receives are spent and SQS moves it.
 * - `removed`: Crisp no longer has the conversation: its removal is announced, once the website itself answers.
 */
export interface FailureDecision {
  readonly decision: 'retry' | 'defer' | 'dead' | 'removed';
  /** For which the message is hidden; whole seconds. */
  readonly delaySeconds: number;
}

/** An invocation that is no batch of SQS messages, or whose messages cannot be answered for: the whole of it fails. */
export class BadInvocationError extends Error {
  override readonly name = 'BadInvocationError';
  readonly code: 'bad_invocation' | 'bad_record';

  constructor(code: 'bad_invocation' | 'bad_record', detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}

export const CONFIG_PROBLEMS = [
  'config_missing',
  'config_invalid',
  'config_unknown',
  'config_secret_empty',
  'config_secret_whitespace',
  'config_secret_placeholder',
  'config_secret_too_short',
] as const;

export type ConfigProblemCode = (typeof CONFIG_PROBLEMS)[number];

export interface ConfigProblem {
  readonly code: ConfigProblemCode;
  /** The environment variable. */
  readonly variable: string;
  /** What was expected and what was found; the value of a secret is never shown. */
  readonly message: string;
}

/** The configuration as a whole, with every problem in it: nobody should have to start twice to see two mistakes. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(
      [
        'The configuration has problems:',
        ...problems.map((p) => `  ${p.variable}: ${p.message} [${p.code}]`),
      ].join('\n'),
    );
    this.problems = problems;
  }
}

/**
 * What an invocation fails with in the place of what was thrown. Lambda logs a failure in whole: message, causes and
 * every property, and those of a foreign error hold requests, headers and answers. Here are a code or a class, and the
 * place; nothing else of it.
 */
export class InvocationError extends Error {
  override readonly name = 'InvocationError';

  constructor(thrown: unknown) {
    super(thrown instanceof JobError ? thrown.reason : describe(thrown));
  }
}

function describe(thrown: unknown): string {
  const { name, where } = describeDefect(thrown);
  return where === '' ? `unexpected: ${name} thrown` : `unexpected: ${name} ${where}`;
}

/** The part of the work in which a failure of this code belongs. */
export function toStage(code: JobErrorCode): RunStage {
  return JOB_ERRORS[code].stage;
}

/** Every reason for which an operator's command fails, with the exit code of the command line. */
export const OPERATION_ERRORS = {
  usage: 2,
  session_id_invalid: 2,
  website_id_invalid: 2,
  website_id_required: 2,
  consent_missing: 2,
  secret_refused: 2,
  crisp_unusable: 1,
  file_exists: 2,
  file_unreadable: 1,
  file_unwritable: 1,
  local_mode_absent: 1,
  port_in_use: 1,
  endpoint_not_loopback: 1,
  stack_not_found: 1,
  queue_not_found: 1,
  queues_equal: 1,
  queue_types_differ: 1,
  no_credentials: 1,
  access_denied: 1,
  aws_failed: 1,
  message_not_found: 1,
  record_not_found: 1,
  redrive_running: 1,
  redrive_not_running: 1,
  redrive_failed: 1,
  webhook_unreachable: 1,
} as const satisfies Record<string, 1 | 2>;

type OperationErrorCode = keyof typeof OPERATION_ERRORS;

/** A command that cannot be carried out. The message is for a person, says what to do, and holds no secret. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly code: OperationErrorCode;

  constructor(code: OperationErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get exitCode(): 1 | 2 {
    return OPERATION_ERRORS[this.code];
  }
}

/** The error of a failed job, whatever was thrown. Adapters translate what they know; anything else is a defect. */
export function toJobError(thrown: unknown): JobError {
  if (thrown instanceof JobError) return thrown;
  const { name, where } = describeDefect(thrown);
  return new JobError('unexpected', { detail: name, cause: thrown, ...(where !== '' && { hint: where }) });
}

/** `code` or `code:detail`: what logs, the ledger and people see. */
export function toReason({ code, detail }: { code: string; detail?: string | undefined }): string {
  return detail === undefined ? code : `${code}:${detail}`;
}

export function isRunStage(text: string): text is RunStage {
  return RUN_STAGES.some((stage) => stage === text);
}
