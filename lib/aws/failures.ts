import { OperationError } from '../errors.ts';

/** For `.catch()`: throws the `OperationError` of a failed call; `action` is the right that a refusal asks for. */
export function toSqsFailure(action: string, queueUrl: string): (thrown: unknown) => never {
  return (thrown) => {
    const { name, account, region } = toQueueAddress(queueUrl);
    const { code } = toAwsFailure(thrown);
    if (MISSING.has(code)) {
      const place = [region && ` in ${region}`, account && ` account ${account}`].filter(Boolean).join('');
      throw new OperationError('queue_not_found', `queue '${name}' not found${place}`, { cause: thrown });
    }
    const resource = region ? `arn:aws:sqs:${region}:${account}:${name}` : name;
    throw toAwsOperationError(thrown, { action, resource });
  };
}

// By either of SQS's protocols.
const MISSING = new Set([
  'queue_does_not_exist',
  'aws_simple_queue_service_non_existent_queue',
  'resource_not_found',
]);

interface AttemptedCall {
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

/** What may be told about a failed call to AWS: codes and a status, never a message, which can hold anything. */
interface AwsFailure {
  /** The service's or Node's own code in snake case: `access_denied`, `slow_down`, `econnrefused`. */
  readonly code: string;
  readonly status: number | undefined;
  /** True where a permission is missing, or the use of a key is; false for wrong or expired credentials. */
  readonly isDenied: boolean;
}

export function toAwsFailure(thrown: unknown): AwsFailure {
  const name = field(thrown, 'name');
  const code = field(thrown, 'code');
  const status = field(field(thrown, '$metadata'), 'httpStatusCode');

  return {
    code: toSnakeCase(isSystemCode(code) ? code : isErrorName(name) ? name : 'unknown'),
    status: typeof status === 'number' ? status : undefined,
    isDenied: typeof name === 'string' && DENIED.test(name),
  };
}

// S3, DynamoDB and SNS, and KMS behind them, whose names S3 prefixes with `KMS.`. A key that is disabled or waits for its
// deletion refuses everything, as a missing permission does.
const DENIED =
  /^(AccessDenied|AuthorizationError|KMSOptInRequired|KMS\.?(KMS)?(AccessDenied|Disabled|InvalidState|NotFound))(Exception)?$/;

/** Undefined also where reading it throws: what was thrown can be anything. */
function field(value: unknown, name: string): unknown {
  try {
    return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  } catch {
    return undefined;
  }
}

// Of a connection that failed, e.g. ECONNREFUSED: says more than its class.
function isSystemCode(code: unknown): code is string {
  return typeof code === 'string' && /^E[A-Z]+$/.test(code);
}

// A sentence in its place could quote anything.
function isErrorName(name: unknown): name is string {
  return typeof name === 'string' && /^[A-Za-z][\w.#:$-]{0,127}$/.test(name);
}

function toSnakeCase(name: string): string {
  return name
    .replace(/Exception$/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
    .slice(0, 64);
}

/** Where a queue is, as far as its URL tells. */
interface QueueAddress {
  readonly name: string;
  /** Empty where the URL does not tell. */
  readonly account: string;
  /** Undefined for an endpoint that is not AWS's own. */
  readonly region: string | undefined;
  readonly isFifo: boolean;
}

const AWS_HOST = /^(?:sqs\.([a-z0-9-]+)\.|([a-z0-9-]+)\.queue\.)/;

/** Reads `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME` and the local form of it; any text gives an address. */
export function toQueueAddress(queueUrl: string): QueueAddress {
  const url = URL.parse(queueUrl);
  const [account = '', name = queueUrl] = url?.pathname.split('/').slice(1) ?? [];
  const [, region, legacyRegion] = AWS_HOST.exec(url?.hostname ?? '') ?? [];
  return { name, account, region: region ?? legacyRegion, isFifo: name.endsWith('.fifo') };
}
