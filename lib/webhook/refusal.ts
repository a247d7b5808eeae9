import { describeDefect } from '../defects.ts';

/**
 * A refusal as it is; anything else is a defect, and is answered with 500 so that Crisp tries again. The log learns
 * where it happened and what it is called; its message could quote anything.
 */
export function toHookRefusal(thrown: unknown): HookRefusedError {
  if (thrown instanceof HookRefusedError) return thrown;
  return new HookRefusedError('unexpected', describe(thrown), { cause: thrown });
}

function describe(thrown: unknown): string {
  const { name, where } = describeDefect(thrown);
  return where === '' ? `${name} thrown` : `${name} ${where}`;
}

/**
 * Every reason for which a webhook delivery is refused, with the HTTP status of its reply. Up to the signature all are
 * 401, 404, 405, 413, 415 or a 400 about the transport; after it, what cannot be processed is 400. None costs a call to
 * SQS or Crisp, but `queue_unavailable`, which is the failure of that call, as `ledger_unavailable` is that of a note; `unexpected` is a defect of ours.
 */
export const HOOK_REFUSALS = {
  not_found: 404,
  method_not_allowed: 405,
  encoding_not_supported: 415,
  invalid_base64: 400,
  body_too_large: 413,
  empty_body: 400,
  signature_missing: 401,
  signature_malformed: 401,
  signature_ambiguous: 401,
  signature_mismatch: 401,
  timestamp_missing: 401,
  timestamp_malformed: 401,
  timestamp_too_old: 401,
  timestamp_in_future: 401,
  key_missing: 401,
  key_ambiguous: 401,
  key_mismatch: 401,
  hook_mode_mismatch: 401,
  invalid_utf8: 400,
  too_deep: 400,
  too_complex: 400,
  invalid_json: 400,
  payload_not_object: 400,
  event_missing: 400,
  data_malformed: 400,
  website_id_invalid: 400,
  website_mismatch: 400,
  session_id_missing: 400,
  session_id_invalid: 400,
  people_id_missing: 400,
  people_id_invalid: 400,
  config_unavailable: 503,
  queue_unavailable: 503,
  ledger_unavailable: 503,
  unexpected: 500,
} as const satisfies Record<string, number>;

export type HookRefusalCode = keyof typeof HOOK_REFUSALS;

/** A delivery that is not accepted. The reply carries the code alone; `detail` is for the log. */
export class HookRefusedError extends Error {
  override readonly name = 'HookRefusedError';
  readonly code: HookRefusalCode;
  readonly detail: string | undefined;

  constructor(code: HookRefusalCode, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? code : `${code}: ${detail}`, options);
    this.code = code;
    this.detail = detail;
  }

  get status(): number {
    return HOOK_REFUSALS[this.code];
  }
}
