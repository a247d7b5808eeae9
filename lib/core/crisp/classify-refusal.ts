import { JobError } from '../errors/job-error.ts';
import type { CrispObject } from './crisp-object.ts';
import type { CrispResponse, ResponseContext } from './crisp-response.ts';
import { describeForeignBody } from './describe-foreign-body.ts';
import { isCrispObject } from './is-crisp-object.ts';
import type { Envelope } from './read-envelope.ts';
import { toNamedLimit, toReasonToken } from './reason-token.ts';
import { parseRetryAfter } from './retry-after.ts';

/**
 * The failure that a GET's answer stands for when its status is neither 200 nor 206, or its envelope says that it is an
 * error: by its reason first, then by its status. A reason that names a limit is a refusal under any status. What only Crisp can say of a session
 * (that it is gone, that we may not read it) is believed in Crisp's own words alone: the error page of a proxy, a firewall
 * or a site under maintenance is `crisp_unavailable:foreign_answer`.
 */
export function classifyRefusal(
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
export function toNamedRefusal(
  { status, retryAfter }: CrispResponse,
  { reason, error }: CrispObject,
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
function isOfCrisp({ error, reason }: CrispObject): boolean {
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

function toForbidden(status: number, reason: string | undefined, envelope: CrispObject): JobError {
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
function toAbsence(envelope: CrispObject, context: { status: number; hint?: string }): JobError {
  // The reason is a plain `not_found` here: only this text tells it apart.
  if (/route does not exist/i.test(toText(envelope))) {
    return new JobError('crisp_route_unknown', { status: context.status, hint: 'check CRISP_API_URL' });
  }
  return new JobError('conversation_missing', context);
}

/** Where Crisp says more than a token: its reason and the message beside it. Read here, never repeated. */
function toText({ reason, data }: CrispObject): string {
  const message = isCrispObject(data) ? data.message : undefined;
  return [reason, message].filter((text) => typeof text === 'string').join(' ');
}
