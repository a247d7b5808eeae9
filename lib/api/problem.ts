import { describeDefect } from '../defects.ts';
import { JobError, OperationError, type RunStage, toStage } from '../errors.ts';

/** Every reason for which the API refuses a request or cannot answer it, with its HTTP status. */
export const API_PROBLEMS = {
  not_found: 404,
  method_not_allowed: 405,
  key_missing: 401,
  key_malformed: 401,
  key_mismatch: 401,
  scope_missing: 403,
  content_type_not_supported: 415,
  body_too_large: 413,
  invalid_json: 400,
  invalid_request: 400,
  session_id_invalid: 400,
  website_id_invalid: 400,
  website_id_required: 400,
  website_not_served: 403,
  too_many_sessions: 422,
  nothing_queued: 422,
  idempotency_key_invalid: 400,
  idempotency_key_reused: 422,
  idempotency_in_progress: 409,
  conversation_missing: 404,
  conversation_removed: 404,
  conversation_not_archived: 404,
  redrive_running: 409,
  breaker_open: 503,
  crisp_refused: 503,
  crisp_failed: 502,
  archive_unavailable: 503,
  queue_unavailable: 503,
  stage_unavailable: 503,
  config_unavailable: 503,
  unexpected: 500,
} as const satisfies Record<string, number>;

export type ApiProblemCode = keyof typeof API_PROBLEMS;

interface ApiProblemContext {
  /** One sentence for the caller; no secret, and nothing that a conversation says. */
  readonly detail?: string;
  /** Further fields of the answer. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
  readonly allow?: string;
  readonly cause?: unknown;
}

/** A request that is not answered as asked. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly code: ApiProblemCode;
  readonly context: ApiProblemContext;

  constructor(code: ApiProblemCode, context: ApiProblemContext = {}) {
    super(context.detail ?? code, context.cause === undefined ? undefined : { cause: context.cause });
    this.code = code;
    this.context = context;
  }

  get status(): number {
    return API_PROBLEMS[this.code];
  }
}

/** The problem of whatever was thrown. A defect shows its place in the log alone. */
export function toApiProblem(thrown: unknown): ApiProblem {
  if (thrown instanceof ApiProblem) return thrown;
  if (thrown instanceof JobError) return toJobProblem(thrown);
  if (thrown instanceof OperationError) {
    if (thrown.code === 'redrive_running')
      return new ApiProblem('redrive_running', { detail: thrown.message, cause: thrown });
    return new ApiProblem('stage_unavailable', { fields: { reason: thrown.code }, cause: thrown });
  }
  return new ApiProblem('unexpected', { cause: thrown });
}

/** What a failed part of the work means for whoever asked. */
const STAGE_PROBLEMS: Readonly<Record<RunStage, ApiProblemCode>> = {
  decode: 'invalid_request',
  fetch: 'crisp_failed',
  archive: 'archive_unavailable',
  announce: 'archive_unavailable',
  ledger: 'stage_unavailable',
  run: 'stage_unavailable',
};

const DEFAULT_RETRY_SECONDS = 60;

function toJobProblem(error: JobError): ApiProblem {
  const fields = { reason: error.reason };
  switch (error.disposition) {
    case 'missing':
      return new ApiProblem('conversation_missing', {
        detail: 'Crisp has no such conversation',
        cause: error,
      });
    case 'refused': {
      const { retryAfterMs = DEFAULT_RETRY_SECONDS * 1000 } = error;
      const retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
      return new ApiProblem('crisp_refused', { fields, retryAfterSeconds, cause: error });
    }
    default:
      return new ApiProblem(
        error.code === 'unexpected' ? 'unexpected' : STAGE_PROBLEMS[toStage(error.code)],
        { fields, cause: error },
      );
  }
}

/** The JSON of a problem, as RFC 9457 has it. */
export function toProblemJson(
  { code, status, context }: Pick<ApiProblem, 'status' | 'context'> & { readonly code: string },
  requestId: string,
): object {
  const { detail, fields = {} } = context;
  return {
    type: 'about:blank',
    title: code.replaceAll('_', ' '),
    status,
    code,
    ...(detail !== undefined && { detail }),
    ...fields,
    request_id: requestId,
  };
}

/** What the log is told beside the code: where a defect happened, or which failure of ours was behind it. */
export function toLogDetail({ context: { cause } }: ApiProblem): string | undefined {
  if (cause === undefined) return undefined;
  if (cause instanceof JobError) return cause.message;
  if (cause instanceof OperationError) return cause.message;
  const { name, where } = describeDefect(cause);
  return where === '' ? `${name} thrown` : `${name} ${where}`;
}
