import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { buildConnector, errors } from 'undici';
import { toErrorName } from '../defects.ts';
import { JobError } from '../errors.ts';
import { toShape } from '../text.ts';

/** Opens connections, and can tell afterwards whether a failed request met one that had been closed in the meantime. */
interface DroppedConnections {
  readonly connect: buildConnector.connector;
  /** True where a request went to a connection that had served others before, and ended without an answer. */
  isDropped(error: unknown): boolean;
}

/**
 * A server may close an idle connection at the very moment at which a request is sent on it: nobody's failure, and the
 * request was most likely never read. A new connection that fails is a failure. The difference is whether the socket
 * had brought anything before; undici tells it for its own errors, for Node's it is noted here.
 */
export function createDroppedConnections(options: buildConnector.BuildOptions): DroppedConnections {
  const open = buildConnector(options);
  const usedBefore = new WeakSet<Error>();

  return {
    connect(target, callback) {
      open(target, (...result) => {
        const [, socket] = result;
        socket?.on('error', (error: NodeJS.ErrnoException) => {
          if (DROPPED.has(error.code) && socket.bytesRead > 0) usedBefore.add(error);
        });
        callback(...result);
      });
    },
    isDropped(error) {
      if (error instanceof errors.SocketError) return (error.socket?.bytesRead ?? 0) > 0;
      return error instanceof Error && usedBefore.has(error);
    },
  };
}

const DROPPED = new Set<string | undefined>(['ECONNRESET', 'EPIPE']);

interface BodyOptions {
  readonly contentEncoding: string | undefined;
  readonly contentLength: string | undefined;
  /** Holds for what comes over the wire and for what it inflates to. */
  readonly maxBytes: number;
}

/**
 * Reads a body as text; bytes that are not UTF-8 become U+FFFD. Throws `response_too_large` as soon as the cap is
 * certain to be passed, and `bad_encoding` for gzip that does not inflate and for every other encoding: a chain of them
 * turns a few bytes into gigabytes. Errors of the connection pass through.
 */
export async function readBody(body: Readable, options: BodyOptions): Promise<string> {
  const { contentEncoding, contentLength, maxBytes } = options;
  const encoding = contentEncoding?.trim().toLowerCase() || 'identity';
  try {
    if (encoding !== 'identity' && encoding !== 'gzip') throw badEncoding(nameEncoding(encoding));
    if (Number(contentLength) > maxBytes) throw tooLarge(maxBytes);
    const bytes = await collect(body, maxBytes);
    return (encoding === 'gzip' ? await inflate(bytes, maxBytes) : bytes).toString('utf8');
  } finally {
    // Whatever was not read is not wanted: the connection is closed instead of drained.
    if (!body.readableEnded) body.on('error', ignore).destroy();
  }
}

async function collect(body: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  const [first] = chunks;
  return first && chunks.length === 1 ? first : Buffer.concat(chunks, length);
}

const gunzipAsync = promisify(gunzip);

async function inflate(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  if (bytes.length === 0) return bytes;
  try {
    return await gunzipAsync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(maxBytes) : badEncoding(`gzip: ${code}`, error);
  }
}

const ENCODINGS = new Set(['identity', 'gzip', 'x-gzip', 'deflate', 'br', 'zstd', 'compress']);

/** A header can say anything: what is no encoding that there is has a shape, and no name. */
function nameEncoding(header: string): string {
  const encodings = header.slice(0, 100).split(/\s*,\s*/);
  return encodings.every((each) => ENCODINGS.has(each)) ? encodings.join(', ') : `"${toShape(header, 40)}"`;
}

function tooLarge(maxBytes: number): JobError {
  return new JobError('response_too_large', { hint: `more than ${maxBytes} bytes` });
}

function badEncoding(what: string, cause?: unknown): JobError {
  return new JobError('bad_encoding', { hint: `content encoding ${what}`, cause });
}

function ignore(): void {}

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

/**
 * The result of `work`, or the signal's reason as soon as it is aborted. undici notices an abort only once a request is
 * on its way: while it waits for a connection, a deadline would pass unheard.
 */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    const abort = () => reject(signal.reason);
    const settled = () => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(settled);
  });
}
