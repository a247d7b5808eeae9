import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Why the console refuses a request, with its HTTP status. */
export const CONSOLE_PROBLEMS = {
  host_not_allowed: 403,
  origin_not_allowed: 403,
  header_missing: 403,
  confirmation_missing: 403,
  session_missing: 401,
  token_mismatch: 401,
  content_type_not_supported: 415,
  method_not_allowed: 405,
  not_found: 404,
  body_too_large: 413,
  invalid_json: 400,
  invalid_request: 400,
  conversation_missing: 404,
  version_missing: 404,
  redrive_missing: 404,
  simulator_absent: 409,
  change_refused: 409,
  key_reused: 422,
  stage_unavailable: 503,
  unexpected: 500,
} as const satisfies Record<string, number>;

type ConsoleProblemCode = keyof typeof CONSOLE_PROBLEMS;

/** A request that the console does not answer as asked. The detail is for a person, and repeats nothing of the request. */
export class ConsoleProblem extends Error {
  override readonly name = 'ConsoleProblem';
  readonly code: ConsoleProblemCode;
  readonly detail: string | undefined;

  constructor(code: ConsoleProblemCode, detail?: string, options?: ErrorOptions) {
    super(detail ?? code, options);
    this.code = code;
    this.detail = detail;
  }
}

/** Every POST carries it: no form of a foreign page can. */
const CONSOLE_HEADER = 'x-crisp-enrich-console';

/** Who may use the console: whoever was given its token at the start. */
export interface ConsoleKeys {
  /** Stands in the fragment of the page's address, which no browser sends. */
  readonly token: string;
  /** The value of the cookie that the token is exchanged for. */
  readonly cookie: string;
}

const COOKIE_BYTES = 24;

export function createConsoleKeys(token: string): ConsoleKeys {
  return { token, cookie: randomBytes(COOKIE_BYTES).toString('base64url') };
}

/**
 * Refuses what a foreign web page can have sent, by name or through a name of its own that points at this machine. Throws
 * `ConsoleProblem`. It comes before everything else, for the page itself and its assets too.
 */
export function refuseForeignRequest({ rawHeaders, headers, socket }: IncomingMessage): void {
  const hosts = rawHeaders.filter(
    (_value, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'host',
  );
  const [host = ''] = hosts;
  if (hosts.length !== 1 || !toAllowedHosts(socket.localPort).includes(host.toLowerCase()))
    throw new ConsoleProblem('host_not_allowed', 'The Host header must be the address of the console');
  const { origin } = headers;
  const site = headers['sec-fetch-site'] ?? 'none';
  const isForeign = origin !== undefined && origin !== `http://${host.toLowerCase()}`;
  if (isForeign || (site !== 'none' && site !== 'same-origin'))
    throw new ConsoleProblem('origin_not_allowed', 'Requests of other web pages are refused');
}

function toAllowedHosts(port = 0): readonly string[] {
  return ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`);
}

/** Refuses a POST that a form of a web page could send. Throws `ConsoleProblem`. */
export function refuseSimplePost({ headers }: IncomingMessage): void {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json')
    throw new ConsoleProblem('content_type_not_supported', 'expected application/json');
}

/** Throws `ConsoleProblem` `session_missing`. */
export function refuseWithoutSession(request: IncomingMessage, { cookie }: ConsoleKeys): void {
  const name = toCookieName(request);
  const given = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  if (!given.some(([its, value = '']) => its === name && isSame(value, cookie)))
    throw new ConsoleProblem('session_missing', 'Open the address that the start has printed');
}

/** Throws `ConsoleProblem` `header_missing`. */
export function refuseWithoutHeader({ headers }: IncomingMessage): void {
  if (headers[CONSOLE_HEADER] !== '1')
    throw new ConsoleProblem('header_missing', `expected the header ${CONSOLE_HEADER}: 1`);
}

/** The header that hands the session out for the token. Throws `ConsoleProblem` `token_mismatch`. */
export function exchangeToken(request: IncomingMessage, token: unknown, keys: ConsoleKeys): string {
  if (typeof token !== 'string' || !isSame(token, keys.token))
    throw new ConsoleProblem('token_mismatch', 'The token is not the one of this start');
  return `${toCookieName(request)}=${keys.cookie}; HttpOnly; SameSite=Strict; Path=/console`;
}

/** Cookies know no ports, and two consoles of one machine must not take each other's session away. */
function toCookieName({ socket }: IncomingMessage): string {
  return `crisp_enrich_console_${socket.localPort}`;
}

/** Takes the same time wherever they differ. */
function isSame(a: string, b: string): boolean {
  return timingSafeEqual(hash(a), hash(b));
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** On every answer: nothing is kept, framed, guessed or loaded from elsewhere, and no text can become script. */
export const SECURITY_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    ...["script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'none'"],
    ...["frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"],
    ...["require-trusted-types-for 'script'", "trusted-types 'none'"],
  ].join('; '),
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
} as const;
