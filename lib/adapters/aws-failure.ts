/** What may be told about a failed call to AWS: codes and a status, never a message, which can hold anything. */
export interface AwsFailure {
  /** The service's or Node's own code in snake case: `access_denied`, `slow_down`, `econnrefused`. */
  readonly code: string;
  readonly status: number | undefined;
  /** True where a permission is missing; false for wrong or expired credentials. */
  readonly isDenied: boolean;
}

export function toAwsFailure(thrown: unknown): AwsFailure {
  const name = field(thrown, 'name');
  const code = field(thrown, 'code');
  const status = field(field(thrown, '$metadata'), 'httpStatusCode');

  return {
    code: toSnakeCase(isSystemCode(code) ? code : typeof name === 'string' ? name : 'unknown'),
    status: typeof status === 'number' ? status : undefined,
    isDenied: typeof name === 'string' && DENIED.has(name),
  };
}

// S3, DynamoDB, SNS, and KMS behind them.
const DENIED = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationError',
  'AuthorizationErrorException',
  'KMSAccessDeniedException',
  'KMS.AccessDeniedException',
]);

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

// Of a connection that failed, e.g. ECONNREFUSED: says more than its class.
function isSystemCode(code: unknown): code is string {
  return typeof code === 'string' && /^E[A-Z]+$/.test(code);
}

function toSnakeCase(name: string): string {
  return name
    .replace(/Exception$/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
    .slice(0, 64);
}
