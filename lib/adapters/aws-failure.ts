/** What may be told about a failed call to AWS: codes and a status, never a message, which can hold anything. */
export interface AwsFailure {
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
