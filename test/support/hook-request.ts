import { createHmac } from 'node:crypto';
import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { WEBSITE_ID } from './builders.ts';

export const HOOK_SECRET = 'whsec_9f1c7a52e0b84d36c2a7f05be81d4936';
export const HOOK_NOW_MS = 1_790_856_000_123;

export interface HookRequest {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  /** Added to the usual ones; undefined takes one away. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Sent as it is; else `payload` as JSON. */
  readonly body?: string | Uint8Array;
  readonly payload?: unknown;
  readonly secret?: string;
  readonly timestamp?: string;
  readonly isBase64?: boolean;
}

/** A `message:send` event; `data` and `envelope` show what a test changes. */
export function aHookPayload(data: Record<string, unknown> = {}, envelope: Record<string, unknown> = {}) {
  return {
    website_id: WEBSITE_ID,
    event: 'message:send',
    data: {
      website_id: WEBSITE_ID,
      session_id: 'session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881',
      inbox_id: null,
      type: 'text',
      from: 'user',
      content: 'Is my parcel lost?',
      fingerprint: 179085600012345,
      ...data,
    },
    timestamp: 1790856000010,
    ...envelope,
  };
}

/** A delivery at the Function URL, signed over its bytes as Crisp signs a plugin hook. */
export function aHookRequest(request: HookRequest = {}): LambdaFunctionURLEvent {
  const { payload = aHookPayload(), timestamp = String(HOOK_NOW_MS), secret = HOOK_SECRET } = request;
  const body = request.body ?? JSON.stringify(payload);
  const isBase64 = request.isBase64 ?? typeof body !== 'string';
  const method = request.method ?? 'POST';
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Crisp-HooksDeliver 1.0 (+https://crisp.chat)',
    'x-crisp-request-timestamp': timestamp,
    'x-crisp-signature': sign(secret, timestamp, body),
    'x-delivery-attempt-count': '1',
    ...request.headers,
  };

  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: request.path ?? '/webhook',
    rawQueryString: request.query ?? '',
    headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'test',
      domainName: 'example.com',
      domainPrefix: 'test',
      http: { method, path: '/webhook', protocol: 'HTTP/1.1', sourceIp: '203.0.113.9', userAgent: '' },
      requestId: 'request-1',
      routeKey: '$default',
      stage: '$default',
      time: '',
      timeEpoch: HOOK_NOW_MS,
    },
    isBase64Encoded: isBase64,
    body: isBase64 && typeof body !== 'string' ? Buffer.from(body).toString('base64') : String(body),
  };
}

/** Crisp's algorithm once more, written down apart from the code under test. */
function sign(secret: string, timestamp: string, body: string | Uint8Array): string {
  const trace = Buffer.concat([Buffer.from(`[${timestamp};`), Buffer.from(body), Buffer.from(']')]);
  return createHmac('sha256', Buffer.from(secret)).update(trace).digest('hex');
}
