export type InfraErrorCode =
  | 'infra_unreadable'
  | 'infra_setting_missing'
  | 'infra_variable_unknown'
  | 'infra_reference_unknown'
  | 'infra_unsupported'
  | 'infra_incomplete';

/** The infra files cannot be read, or ask for something that local mode cannot make. */
export class InfraError extends Error {
  override readonly name = 'InfraError';
  readonly code: InfraErrorCode;

  constructor(code: InfraErrorCode, message: string, options?: ErrorOptions) {
    super(`${message} [${code}]`, options);
    this.code = code;
  }
}
