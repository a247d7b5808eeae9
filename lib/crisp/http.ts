import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '../clock.ts';
import type { CrispTier } from '../config/config.ts';
import type { SecretOptions, Secrets } from '../config/secret-reader.ts';
import { JobError, toJobError } from '../errors.ts';
import { VERSION } from '../ids.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { createDroppedConnections, readBody, toConnectionError, untilAborted } from './connection.ts';
import type { Throttle } from './throttle.ts';

/** Crisp's own clients give up after 10 s, headers and body together. */
const DEADLINE_MS = 10_000;

export interface CrispHttpDependencies {
  readonly baseUrl: URL;
  readonly tier: CrispTier;
  readonly secrets: Secrets;
  readonly throttle: Throttle;
  /** The day's calls; each request takes one before its turn, and gives it back where its turn never came. */
  readonly quota?: { take(): Promise<void>; giveBack(): void };
  readonly clock: Clock;
  readonly maxResponseBytes: number;
  /** For one request, from its start to the last byte of its answer; waiting for the throttle does not count. */
  readonly deadlineMs?: number;
  /** Told of each request as `crisp-requested`, with status 0 where no answer came; not of one that was given up unsent. */
  readonly telemetry?: Telemetry;
  /** In place of connections to the base URL's host. */
  readonly pool?: CrispPool;
}

/** The part of undici's `Pool` that is used. */
export type CrispPool = Pick<Pool, 'request' | 'destroy'>;

interface CrispRequest {
  readonly url: URL;
  /** The route without its ids, for telemetry. */
  readonly route: string;
  readonly signal?: AbortSignal | undefined;
  /** Called as each request is sent: again where the first met a dropped connection, or had an outdated token. */
  readonly onRequest?: (() => void) | undefined;
}

interface CrispHttp {
  /** Any answer that came in whole, whatever its status; throws `JobError` where none did. */
  get(request: CrispRequest): Promise<CrispResponse>;
  close(): Promise<void>;
}

/** HTTP to Crisp: authenticated, throttled, with a deadline and a byte cap; follows no redirect, accepts gzip at most. */
export function createCrispHttp(dependencies: CrispHttpDependencies): CrispHttp {
  const { baseUrl, tier, secrets, throttle, quota, clock, maxResponseBytes, telemetry } = dependencies;
  const { deadlineMs = DEADLINE_MS } = dependencies;
  const connections = createDroppedConnections({ timeout: deadlineMs, allowH2: false });
  // The deadline covers both of undici's own timeouts. HTTP/1.1: one request to a connection, so one that drops is one.
  const pool: CrispPool =
    dependencies.pool ??
    new Pool(baseUrl.origin, {
      connect: connections.connect,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
    }).compose(reportSent);

  /** A rejected token may have been rolled a moment ago: the new one, if there is one, is tried once. */
  async function get(request: CrispRequest): Promise<CrispResponse> {
    const authorization = await toAuthorization(secrets);
    const response = await send(request, authorization);
    if (response.status !== 401) return response;
    const renewed = await toAuthorization(secrets, { fresh: true });
    return renewed === authorization ? response : send(request, renewed);
  }

  async function send(request: CrispRequest, authorization: string): Promise<CrispResponse> {
    const first = await attempt(request, authorization);
    if (first !== 'connection-dropped') return first;
    const second = await attempt(request, authorization);
    if (second !== 'connection-dropped') return second;
    throw new JobError('crisp_unreachable', { hint: 'connection dropped twice' });
  }

  async function attempt(
    request: CrispRequest,
    authorization: string,
  ): Promise<CrispResponse | 'connection-dropped'> {
    const headers = { ...FIXED_HEADERS, 'x-crisp-tier': tier, authorization };
    await takeTurn(request.signal);
    const startedMs = clock.nowMs();
    const limit = startLimit(request.signal);
    let status = 0;
    // In the place of connections nothing stands between a request and Crisp.
    let isSent = dependencies.pool !== undefined;
    const onSent: OnSent = () => {
      isSent = true;
    };
    try {
      request.onRequest?.();
      const { signal } = limit;
      const sending = pool.request({ ...toTarget(request.url), headers, signal, opaque: onSent });
      const answer = await untilAborted(sending, signal);
      status = answer.statusCode;
      return await toResponse(answer, maxResponseBytes);
    } catch (error) {
      if (request.signal?.aborted) throw toGivenUp(request.signal, error);
      if (limit.signal.aborted)
        throw new JobError('crisp_timeout', { hint: `no answer in ${deadlineMs} ms` });
      if (status === 0 && connections.isDropped(error)) return 'connection-dropped';
      throw toConnectionError(error, status !== 0);
    } finally {
      limit.clear();
      // One that is given up while its connection is being opened never reaches Crisp.
      if (isSent || !request.signal?.aborted) {
        const durationMs = clock.nowMs() - startedMs;
        telemetry?.emit({ name: 'crisp-requested', route: request.route, status, durationMs });
      } else quota?.giveBack();
    }
  }

  /** Aborted by the deadline, or with the caller's signal. `AbortSignal.any` would cost three times as much. */
  function startLimit(outer: AbortSignal | undefined): { signal: AbortSignal; clear: () => void } {
    const reached = new AbortController();
    const abort = () => reached.abort();
    const stop = clock.timer(deadlineMs, abort);
    if (outer?.aborted) abort();
    outer?.addEventListener('abort', abort, { once: true });
    return {
      signal: reached.signal,
      clear() {
        stop();
        outer?.removeEventListener('abort', abort);
      },
    };
  }

  async function takeTurn(signal: AbortSignal | undefined): Promise<void> {
    try {
      await quota?.take();
      await throttle.take(signal).catch((error: unknown) => {
        quota?.giveBack();
        throw error;
      });
    } catch (error) {
      // Nothing was sent: a mistake of ours.
      throw signal?.aborted ? toGivenUp(signal, error) : toJobError(error);
    }
  }

  return { get, close: () => pool.destroy() };
}

type OnSent = () => void;

/** Calls a request's `opaque` as it is written to its connection. */
const reportSent: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  const { opaque: onSent } = options as { readonly opaque?: OnSent };
  const start = handler.onRequestStart?.bind(handler);
  handler.onRequestStart = (controller, context) => {
    onSent?.();
    start?.(controller, context);
  };
  return dispatch(options, handler);
};

/** How the pipeline names itself to Crisp. */
const USER_AGENT = `crisp-enrich/${VERSION}`;

const FIXED_HEADERS = { 'user-agent': USER_AGENT, accept: 'application/json', 'accept-encoding': 'gzip' };

function toTarget(url: URL): { method: 'GET'; path: string } {
  return { method: 'GET', path: `${url.pathname}${url.search}` };
}

/** The caller's own error if it gave one with the abort, else that its time was over. */
function toGivenUp({ reason }: AbortSignal, cause: unknown): JobError {
  return reason instanceof JobError ? reason : new JobError('deadline_reached', { cause });
}

async function toResponse(
  answer: Dispatcher.ResponseData<unknown>,
  maxBytes: number,
): Promise<CrispResponse> {
  const { statusCode: status, headers } = answer;
  return {
    status,
    body: await toText(answer, maxBytes),
    contentType: toSingle(headers['content-type']),
    retryAfter: toSingle(headers['retry-after']),
    location: toSingle(headers.location),
  };
}

/** From 300 on the status says what happened: a body that cannot be read must not hide it, a redirect's is not wanted. */
async function toText(
  { statusCode, headers, body }: Dispatcher.ResponseData<unknown>,
  maxBytes: number,
): Promise<string> {
  const options = {
    contentEncoding: toSingle(headers['content-encoding']),
    contentLength: toSingle(headers['content-length']),
    maxBytes: statusCode < 300 ? maxBytes : Math.min(maxBytes, MAX_ERROR_BYTES),
  };
  if (statusCode < 300) return readBody(body, options);
  return readBody(body, options).catch(() => '');
}

/** Crisp's envelope of an error has a few hundred bytes. */
const MAX_ERROR_BYTES = 64 * 1024;

function toSingle(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** The `Authorization` header of the token as it is now; throws `crisp_auth_failed` where there is none yet. */
async function toAuthorization(secrets: Secrets, options?: SecretOptions): Promise<string> {
  const token = await readToken(secrets, options);
  if (!token) throw new JobError('crisp_auth_failed', { hint: 'no token yet' });
  return `Basic ${Buffer.from(`${token.identifier}:${token.key}`).toString('base64')}`;
}

async function readToken(secrets: Secrets, options: SecretOptions | undefined) {
  try {
    return await secrets.crispToken(options);
  } catch (cause) {
    throw new JobError('crisp_auth_failed', { hint: 'the token could not be read', cause });
  }
}

/** An answer of Crisp to a GET, as far as its meaning depends on it. */
export interface CrispResponse {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string | undefined;
  readonly retryAfter?: string | undefined;
  readonly location?: string | undefined;
}

export interface ResponseContext {
  readonly nowMs: number;
  /** Where the request went: a redirect may name its target relative to it. */
  readonly requestUrl: URL;
}
