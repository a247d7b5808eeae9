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
  endpoint_not_loopback: 1,
  stack_not_found: 1,
  queue_not_found: 1,
  queues_equal: 1,
  queue_types_differ: 1,
  no_credentials: 1,
  access_denied: 1,
  aws_failed: 1,
  message_not_found: 1,
  redrive_running: 1,
  redrive_not_running: 1,
  redrive_failed: 1,
} as const satisfies Record<string, 1 | 2>;

export type OperationErrorCode = keyof typeof OPERATION_ERRORS;

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
