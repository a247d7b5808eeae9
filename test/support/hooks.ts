import { createHmac } from 'node:crypto';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context, LambdaFunctionURLEvent } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import type { Environment, WebhookConfig } from '../../lib/config/config.ts';
import { parseWebhookConfig } from '../../lib/config/parse.ts';
import { createEnvironmentSecrets, type Secrets } from '../../lib/config/secret-reader.ts';
import type { SessionRef } from '../../lib/ids.ts';
import { createWebhookHandler } from '../../lib/webhook/handler.ts';
import { WEBSITE_ID } from './builders.ts';
import { createMemoryRunLog, createMemorySessionNotes, createRecordingTelemetry } from './memory.ts';
import { createVirtualClock } from './virtual-clock.ts';

export const QUEUE_URL = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-test-sessions.fifo';

// With telemetry of the test's own, the function reads nothing of it.
const CONTEXT = { awsRequestId: 'request-1' } as Context;

/** The webhook function over a scripted SQS that accepts everything, at the moment of the test's hooks. */
export function createWebhookUnderTest(environment: Environment = {}, secrets?: Secrets) {
  const config = parseWebhookConfig({
    CRISP_HOOK_SECRETS: HOOK_SECRET,
    SESSIONS_QUEUE_URL: QUEUE_URL,
    LEDGER_TABLE: 'crisp-enrich-test-ledger',
    ...environment,
  });
  const client = new SQSClient({ region: 'eu-west-1' });
  const sqs = mockClient(client);
  sqs.on(SendMessageCommand).resolves({ MessageId: 'message-1', SequenceNumber: '18849496460467696128' });
  const telemetry = createRecordingTelemetry();
  const clock = createVirtualClock(HOOK_NOW_MS);
  const handler = createWebhookHandler(config, {
    secrets: secrets ?? toSecrets(config),
    sqs: client,
    sessions: createMemorySessionNotes(createMemoryRunLog()),
    clock,
    telemetry,
  });

  return {
    sqs,
    telemetry,
    clock,
    /** How often SQS was called, with any command. */
    sqsCalls: () => sqs.calls().length,
    async deliver(request: HookRequest | ReturnType<typeof aHookRequest> = {}) {
      const event = 'rawPath' in request ? request : aHookRequest(request);
      const { statusCode, headers, body } = await handler(event, CONTEXT);
      return { status: statusCode, headers: headers ?? {}, reply: JSON.parse(body ?? '{}') };
    },
  };
}

function toSecrets({ secrets }: WebhookConfig): Secrets {
  if (secrets.source !== 'environment') throw new Error('the test gives no secrets');
  return createEnvironmentSecrets(secrets);
}

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

/** A signed delivery of an event about a session, ready for `fetch`; by the documented recipe, not by our own code. */
export function signHookRequest(
  { websiteId, sessionId }: SessionRef,
  { secret, nowMs, event = 'message:send' }: { secret: string; nowMs: number; event?: string },
) {
  const data = { website_id: websiteId, session_id: sessionId };
  const body = JSON.stringify({ website_id: websiteId, event, data, timestamp: nowMs });
  const signature = createHmac('sha256', secret).update(`[${nowMs};${body}]`).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-crisp-request-timestamp': String(nowMs),
    'x-crisp-signature': signature,
  };
  return { method: 'POST', body, headers };
}
