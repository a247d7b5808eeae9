import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import type { HookRefusedError } from '../core/errors/hook-refused-error.ts';
import type { AcceptedHook } from '../core/hook/accepted-hook.ts';
import type { HookDelivery } from '../core/hook/hook-delivery.ts';

/** The structured form of a Function URL's response. */
export type FunctionUrlResponse = Exclude<LambdaFunctionURLResult, string>;

const RETRY_AFTER_SECONDS = 5;

export function toHookDelivery(event: LambdaFunctionURLEvent): HookDelivery {
  return {
    method: event.requestContext.http.method,
    path: event.rawPath,
    query: event.rawQueryString,
    headers: toLowerCaseNames(event.headers),
    body: event.body ?? '',
    isBase64: event.isBase64Encoded,
  };
}

/** Function URLs send names in lower case; two spellings of one name would be a header that was sent twice. */
function toLowerCaseNames(headers: LambdaFunctionURLEvent['headers']): HookDelivery['headers'] {
  const lowered = new Map<string, string>();
  for (const [name, value = ''] of Object.entries(headers)) {
    const key = name.toLowerCase();
    const earlier = lowered.get(key);
    lowered.set(key, earlier === undefined ? value : `${earlier},${value}`);
  }
  return Object.fromEntries(lowered);
}

/** 202 with the message's id for what is in the queue; 200 for what is genuine and of no interest. */
export function toAcceptedResponse(accepted: AcceptedHook): FunctionUrlResponse {
  switch (accepted.outcome) {
    case 'queued':
      return toJson(202, { status: 'queued', message_id: accepted.messageId });
    case 'ignored':
      return toJson(200, { status: 'ignored', code: accepted.code });
    default:
      return accepted satisfies never;
  }
}

/** The code alone: what is wrong in detail stays in the log, under the request's id. */
export function toRefusedResponse(
  { code, status }: HookRefusedError,
  requestId: string,
): FunctionUrlResponse {
  const headers = {
    ...(status === 405 && { allow: 'POST' }),
    ...(status === 503 && { 'retry-after': String(RETRY_AFTER_SECONDS) }),
  };
  return toJson(status, { error: code, request_id: requestId }, headers);
}

function toJson(statusCode: number, body: object, headers: Record<string, string> = {}): FunctionUrlResponse {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}
