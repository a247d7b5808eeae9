import { JobError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../text.ts';
import { describeForeignBody } from './foreign-body.ts';
import type { CrispResponse, ResponseContext } from './http.ts';

/** The `data` of a good answer, with 206 told apart from 200, or the failure that the answer stands for. */
type ClassifiedResponse =
  | { readonly outcome: 'data'; readonly data: unknown; readonly hasMore: boolean }
  | { readonly outcome: 'failure'; readonly error: JobError };

/** What an answer means: status and envelope both have to say that all is well. Never throws. */
export function classifyResponse(response: CrispResponse, context: ResponseContext): ClassifiedResponse {
  const { status } = response;
  const answer = readEnvelope(response.body);
  if (status === 204) return failure('bad_response', { detail: 'empty', status });
  if (status !== 200 && status !== 206) {
    return { outcome: 'failure', error: classifyRefusal(response, answer, context) };
  }

  if (answer.kind !== 'envelope') return toBadResponse(response, answer.kind);
  const { envelope } = answer;
  const isWell = !isError(envelope.error) && Object.hasOwn(envelope, 'data');
  const refused = isWell ? undefined : toNamedRefusal(response, envelope, context);
  if (refused) return { outcome: 'failure', error: refused };
  if (isError(envelope.error)) {
    return failure('crisp_error', { detail: toReasonToken(envelope.reason) ?? 'unknown', status });
  }
  if (!Object.hasOwn(envelope, 'data')) return failure('bad_response', { detail: 'missing_data', status });
  return { outcome: 'data', data: envelope.data, hasMore: status === 206 };
}

// Anything but `false` and nothing at all: a server that says "error" in some other way does not say that all is well.
function isError(error: unknown): boolean {
  return error !== undefined && error !== null && error !== false;
}

function toBadResponse(
  { status, body, contentType }: CrispResponse,
  detail: Exclude<Envelope['kind'], 'envelope'>,
): ClassifiedResponse {
  if (detail !== 'not_json') return failure('bad_response', { detail, status });
  return failure('bad_response', { detail, status, hint: describeForeignBody(body, contentType) });
}

function failure(...error: ConstructorParameters<typeof JobError>): ClassifiedResponse {
  return { outcome: 'failure', error: new JobError(...error) };
}

/**
 * The failure that a GET's answer stands for when its status is neither 200 nor 206, or its envelope says that it is an
 * error: by its reason first, then by its status. A reason that names a limit is a refusal under any status. What only Crisp can say of a session
 * (that it is gone, that we may not read it) is believed in Crisp's own words alone: the error page of a proxy, a firewall
 * or a site under maintenance is `crisp_unavailable:foreign_answer`.
 */
function classifyRefusal(
  response: CrispResponse,
  answer: Envelope,
  { nowMs, requestUrl }: ResponseContext,
): JobError {
  const { status } = response;
  const envelope = answer.kind === 'envelope' ? answer.envelope : {};
  const reason = toReasonToken(envelope.reason);
  const context = { status, ...(reason !== undefined && { hint: `reason ${reason}` }) };
  const retryAfterMs = parseRetryAfter(response.retryAfter, nowMs);
  const waiting = { ...context, ...(retryAfterMs !== undefined && { retryAfterMs }) };

  const refused = toNamedRefusal(response, envelope, { nowMs, requestUrl });
  if (refused) return refused;
  if (status < 300) return new JobError('bad_response', { ...context, detail: `status_${status}` });
  if (status < 400) return toRedirect(response, requestUrl);
  if (status >= 500 || status === 408 || status === 425) return new JobError('crisp_unavailable', waiting);
  if (status === 401 || reason === 'invalid_session') return toAuthFailure(status);
  // 423 is Crisp's "quota exceeded".
  if (status === 423) return new JobError('crisp_quota_exceeded', waiting);
  // 422 on a GET: a maintainer's advice is to come back later, as for 429 (perhaps 420 was meant).
  if (status === 420 || status === 422 || status === 429) {
    return new JobError('crisp_rate_limited', waiting);
  }
  if (reason === 'not_subscribed') return toUnsubscribed(status);
  if (!isOfCrisp(envelope)) {
    const hint = describeForeignAnswer(response, answer.kind);
    return new JobError('crisp_unavailable', { ...waiting, detail: 'foreign_answer', hint });
  }
  if (status === 402 || status === 403) return toForbidden(status, reason, envelope);
  if (status === 404 || status === 410) return toAbsence(envelope, context);
  return new JobError('crisp_rejected', { ...context, detail: String(status) });
}

/** The refusal that the reason names by itself, under whatever status; undefined where it names none. */
function toNamedRefusal(
  { status, retryAfter }: CrispResponse,
  { reason, error }: JsonObject,
  { nowMs }: ResponseContext,
): JobError | undefined {
  const limit = toNamedLimit(reason ?? error);
  if (limit === undefined) return undefined;
  const retryAfterMs = parseRetryAfter(retryAfter, nowMs);
  const token = toReasonToken(reason);
  return new JobError(limit, {
    status,
    ...(token !== undefined && { hint: `reason ${token}` }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** Crisp's errors say `error: true` and a reason; one of the two is enough. */
function isOfCrisp({ error, reason }: JsonObject): boolean {
  return typeof error === 'boolean' || typeof reason === 'string';
}

function describeForeignAnswer({ body, contentType }: CrispResponse, kind: Envelope['kind']): string {
  if (kind === 'empty') return 'without a body';
  return kind === 'not_json'
    ? describeForeignBody(body, contentType)
    : 'JSON, but not as Crisp words an error';
}

/** Names the origin alone: all else of the target is the other side's to choose, and goes into no log. */
function toRedirect({ status, location }: CrispResponse, requestUrl: URL): JobError {
  const target = location === undefined ? null : URL.parse(location, requestUrl.origin);
  const isHttp = target?.protocol === 'https:' || target?.protocol === 'http:';
  const hint = isHttp ? `to ${target.origin}` : 'without a readable location';
  return new JobError('unexpected_redirect', { status, hint });
}

function toAuthFailure(status: number): JobError {
  return new JobError('crisp_auth_failed', {
    status,
    hint: 'token rejected; check tier (plugin/website) and rotation',
  });
}

// As Crisp writes them: website:conversation:messages, plan:subscription.
const SCOPE = /\b(?:bucket|email|media|plan|plugin|user|website)(?::[a-z_]{1,32}){1,3}(?![:\w])/;
// No other words, which could be a customer's.
const SCOPE_WORDS = new Set(
  (
    'bucket email media plan plugin user website conversation conversations people sessions messages state states ' +
    'segments routing participants initiate actions pages events relations browsing calls files reminders suggestion ' +
    'suggestions spam spams profiles subscription subscriptions statistics import imports export exports campaign ' +
    'campaigns visitors operator operators availability settings verify update helpdesk articles status analytics ' +
    'batch inbox inboxes account connect url animation bindings widget channel filter'
  ).split(' '),
);

function findScope(text: string): string | undefined {
  const scope = SCOPE.exec(text)?.[0];
  return scope?.split(':').every((word) => SCOPE_WORDS.has(word)) ? scope : undefined;
}

function toForbidden(status: number, reason: string | undefined, envelope: JsonObject): JobError {
  const scope = findScope(toText(envelope));
  const refusal = reason === undefined ? 'no reason given' : `reason ${reason}`;
  const hint = scope === undefined ? refusal : `missing scope ${scope}; ${refusal}`;
  return new JobError('crisp_forbidden', { status, hint });
}

function toUnsubscribed(status: number): JobError {
  const hint = 'the plugin is not installed on this website, or the token belongs to another one';
  return new JobError('crisp_not_subscribed', { status, hint });
}

/** A wrong configuration answers 404 as well: it must not look like a conversation that was removed. */
function toAbsence(envelope: JsonObject, context: { status: number; hint?: string }): JobError {
  // The reason is a plain `not_found` here: only this text tells it apart.
  if (/route does not exist/i.test(toText(envelope))) {
    return new JobError('crisp_route_unknown', { status: context.status, hint: 'check CRISP_API_URL' });
  }
  return new JobError('conversation_missing', context);
}

/** Where Crisp says more than a token: its reason and the message beside it. Read here, never repeated. */
function toText({ reason, data }: JsonObject): string {
  const message = isJsonObject(data) ? data.message : undefined;
  return [reason, message].filter((text) => typeof text === 'string').join(' ');
}

/** What the body of an answer is: Crisp's envelope, other JSON, JSON that breaks off, nothing, or something else. */
type Envelope =
  | { readonly kind: 'envelope'; readonly envelope: JsonObject }
  | { readonly kind: 'shape' | 'truncated' | 'empty' | 'not_json' };

/** Parses a body. `JSON.parse` keeps a key `__proto__` as an ordinary property, and nothing is merged or copied here. */
export function readEnvelope(body: string): Envelope {
  const text = body.replace(/^\uFEFF/, '').trim();
  if (text === '') return { kind: 'empty' };
  try {
    const parsed: unknown = JSON.parse(text);
    return isJsonObject(parsed) ? { kind: 'envelope', envelope: parsed } : { kind: 'shape' };
  } catch {
    // The parser's error quotes the text, which may be a customer's: it is not kept as a cause.
    return { kind: /^[{["]/.test(text) ? 'truncated' : 'not_json' };
  }
}

const MAX_LENGTH = 64;
// `not_allowed`, `website_member_role_not_allowed`. No names, numbers of phones or addresses: letters in lower case,
// joined by `_`, `-` or `:`, and short numbers behind one of these.
const TOKEN = /^[a-z]+(?:[_:-](?:[a-z]+|\d{1,3}))*$/;

/**
 * Crisp's `reason` as an error may carry it: its token in lower case, or `unreadable` for anything that is no token or
 * too long for one, because a sentence could quote whatever it is about. Undefined where there is none.
 */
export function toReasonToken(reason: unknown): string | undefined {
  if (reason === undefined || reason === null || reason === '') return undefined;
  if (typeof reason !== 'string' || reason.length > MAX_LENGTH) return 'unreadable';
  const token = reason.toLowerCase();
  return TOKEN.test(token) ? token : 'unreadable';
}

/** The limit that a reason names, whatever the status beside it: of requests at the moment, or of the day's. */
function toNamedLimit(reason: unknown): 'crisp_rate_limited' | 'crisp_quota_exceeded' | undefined {
  if (typeof reason !== 'string' || reason.length > LONGEST_REASON) return undefined;
  const words = reason
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z]+/g, '_');
  if (QUOTA.test(words)) return 'crisp_quota_exceeded';
  return RATE.test(words) ? 'crisp_rate_limited' : undefined;
}

// A sentence of this length may be a reason; what is longer quotes something.
const LONGEST_REASON = 100;
const QUOTA = /quota|daily_?limit|limit_?daily|per_?day/;
const RATE =
  /(?:^|_)(?:rate_?limit\w*|limit(?:s|ed|er|ing)?|over_?limit|throttl\w*|too_?many\w*|slow_?down|flood\w*|exceed(?:s|ed|ing)?)(?:_|$)/;

/** A `Retry-After` is respected up to an hour, for a session and for the queue: a wrong one must not hold either for a day. */
export const MAX_RETRY_AFTER_MS = 3600_000;

/**
 * The wait that a `Retry-After` header asks for, in ms from `nowMs`: whole seconds or an HTTP date, at most
 * `MAX_RETRY_AFTER_MS`, 0 for a date that has passed. Undefined where there is none or it is neither.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  const delayMs = SECONDS.test(text) ? Number(text) * 1000 : toDelayMs(text, nowMs);
  return delayMs === undefined ? undefined : Math.min(Math.max(delayMs, 0), MAX_RETRY_AFTER_MS);
}

const SECONDS = /^\d+$/;
// `Date.parse` takes much that is no HTTP date; the one form that servers must send begins like this.
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

function toDelayMs(text: string, nowMs: number): number | undefined {
  if (!HTTP_DATE.test(text)) return undefined;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : dateMs - nowMs;
}
