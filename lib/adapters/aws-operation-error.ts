import { OperationError } from '../core/errors/operation-error.ts';
import { toAwsFailure } from './aws-failure.ts';

export interface AttemptedCall {
  /** As in a policy: `sqs:ReceiveMessage`. */
  readonly action: string;
  /** ARN or name of what it was asked of. */
  readonly resource: string;
}

/** What an operator is told of a failed call to AWS: what to mend. The SDK's own message stays in the cause. */
export function toAwsOperationError(thrown: unknown, { action, resource }: AttemptedCall): OperationError {
  if (thrown instanceof OperationError) return thrown;
  const { code, status, isDenied } = toAwsFailure(thrown);
  const options = { cause: thrown };
  if (isDenied) {
    const message = `access denied: allow ${action} on ${resource}, and the use of its KMS key where it has one`;
    return new OperationError('access_denied', message, options);
  }
  if (MISSING_CREDENTIALS.has(code)) {
    const places = 'environment, profile, single sign-on and the machine itself';
    const message = `no AWS credentials found (looked at ${places}): set AWS_PROFILE, or run \`aws sso login\``;
    return new OperationError('no_credentials', message, options);
  }
  if (BAD_CREDENTIALS.has(code)) {
    const message = `AWS does not take these credentials (${code}): run \`aws sso login\`, or renew them`;
    return new OperationError('no_credentials', message, options);
  }
  const answer = status === undefined ? code : `${code}, HTTP ${status}`;
  return new OperationError('aws_failed', `${action} on ${resource} failed: ${answer}`, options);
}

const MISSING_CREDENTIALS = new Set(['credentials_provider_error', 'token_provider_error']);

const BAD_CREDENTIALS = new Set([
  'expired_token',
  'expired_token_exception',
  'request_expired',
  'unrecognized_client',
  'invalid_client_token_id',
  'invalid_access_key_id',
  'invalid_signature',
  'signature_does_not_match',
  'incomplete_signature',
  'missing_authentication_token',
]);
