import { JobError } from '../../core/errors/job-error.ts';
import { toErrorName } from '../../core/errors/to-error-name.ts';

/**
 * Translates what Node and undici throw for a request that got no complete answer: Crisp's failure or the network's,
 * whatever it is called; the breaker asks the control call which sessions it concerns. `hasAnswerBegun`: the headers had
 * arrived. Decides by the error's code and name, and shows nothing else: messages name addresses.
 */
export function toConnectionError(cause: unknown, hasAnswerBegun: boolean): JobError {
  if (cause instanceof JobError) return cause;
  const code = readCode(cause);

  // undici's parser gives no code to most of what it cannot read, and asserts the rest.
  if (isParserError(cause, code)) return badResponse('not_http', cause);
  if (code === undefined) return toUnknown(hasAnswerBegun, cause);
  if (TLS_FAILURE.test(code)) return new JobError('crisp_tls_failed', { hint: code, cause });
  if (TIMEOUTS.has(code)) return new JobError('crisp_timeout', { hint: code, cause });
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return badResponse('headers_overflow', cause);
  // The lengths in the headers contradict each other.
  if (!hasAnswerBegun && code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
    return badResponse('not_http', cause);
  if (hasAnswerBegun && ENDED_EARLY.has(code)) return badResponse('truncated', cause);
  if (UNREACHABLE.has(code)) return new JobError('crisp_unreachable', { hint: code, cause });
  return toUnknown(hasAnswerBegun, cause);
}

function isParserError(cause: unknown, code: string | undefined): boolean {
  return code?.startsWith('HPE_') || code === 'ERR_ASSERTION' || toErrorName(cause) === 'HTTPParserError';
}

function toUnknown(hasAnswerBegun: boolean, cause: unknown): JobError {
  const hint = toErrorName(cause);
  return hasAnswerBegun
    ? new JobError('bad_response', { detail: 'broken', hint, cause })
    : new JobError('crisp_unreachable', { hint, cause });
}

// Certificates (OpenSSL's names for what is wrong with them) and handshakes.
const TLS_FAILURE =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|ERROR_IN_CRL_|INVALID_|HOSTNAME_MISMATCH$|PATH_LENGTH_EXCEEDED$|EPROTO$)/;

const TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

// Closed in good order, but before the announced end.
const ENDED_EARLY = new Set(['UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'UND_ERR_ABORTED']);

const UNREACHABLE = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_SOCKET',
]);

/** Undefined also where a property of what was thrown throws itself. */
function readCode(cause: unknown): string | undefined {
  try {
    return findCode(cause);
  } catch {
    return undefined;
  }
}

const CODE = /^[A-Z][A-Z0-9_]{1,63}$/;
// Deeper chains of causes are not seen in practice, and one could be its own cause.
const MAX_DEPTH = 8;

// A host with several addresses fails with one error for each; the first speaks for all.
function findCode(cause: unknown, depth = 0): string | undefined {
  if (!(cause instanceof Error) || depth === MAX_DEPTH) return undefined;
  if ('code' in cause && typeof cause.code === 'string')
    return CODE.test(cause.code) ? cause.code : undefined;
  if (cause instanceof AggregateError) return findCode(cause.errors[0], depth + 1);
  return findCode(cause.cause, depth + 1);
}

function badResponse(detail: string, cause: unknown): JobError {
  return new JobError('bad_response', { detail, cause });
}
