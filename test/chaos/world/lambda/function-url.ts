import type { LambdaFunctionURLEvent } from 'aws-lambda';
import type { createWebhookHandler } from '../../../../lib/app/create-webhook-handler.ts';
import type { VirtualClock } from '../../../support/virtual-clock.ts';
import type { Recorder } from '../recorder.ts';
import type { FunctionPool } from './function-pool.ts';
import { invoke } from './invoke.ts';

export type WebhookHandler = ReturnType<typeof createWebhookHandler>;

/** A delivery as it comes over the network. */
export interface HookRequest {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Function URLs encode what they do not take for text. */
  readonly isBase64: boolean;
}

export interface FunctionUrl {
  /** The status that the sender gets; Lambda's own 502 where the function gave no answer. */
  post(request: HookRequest): Promise<number>;
}

export interface FunctionUrlDeps {
  readonly clock: VirtualClock;
  readonly recorder: Recorder;
  readonly pool: FunctionPool<WebhookHandler>;
}

// infra/functions.yml.
const TIMEOUT_MS = 10_000;
const BAD_GATEWAY = 502;

export function createFunctionUrl({ clock, recorder, pool }: FunctionUrlDeps): FunctionUrl {
  return {
    async post(request) {
      const { deliveryId, eventId } = request;
      const warm = await pool.acquire();
      if (!warm) return BAD_GATEWAY;
      warm.instance.deliveryId = deliveryId;
      const event = toEvent(request, clock.nowMs());
      const deps = { clock, recorder, timeoutMs: TIMEOUT_MS };
      const lived = await invoke(warm.instance, (context) => warm.handler(event, context), deps);
      warm.instance.deliveryId = undefined;
      pool.release(warm);
      if (lived.outcome !== 'returned') return BAD_GATEWAY;
      const { statusCode: status = 200, body = '' } = lived.value;
      recorder.note({ type: 'hook-answered', deliveryId, eventId, status, body });
      return status;
    },
  };
}

function toEvent({ query, headers, body, isBase64 }: HookRequest, nowMs: number): LambdaFunctionURLEvent {
  const http = {
    method: 'POST',
    path: '/webhook',
    protocol: 'HTTP/1.1',
    sourceIp: '203.0.113.9',
    userAgent: '',
  };
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/webhook',
    rawQueryString: query,
    headers: { ...headers },
    requestContext: {
      accountId: 'anonymous',
      apiId: 'chaos',
      domainName: 'example.com',
      domainPrefix: 'chaos',
      http,
      requestId: 'request',
      routeKey: '$default',
      stage: '$default',
      time: '',
      timeEpoch: nowMs,
    },
    isBase64Encoded: isBase64,
    body: isBase64 ? body.toString('base64') : body.toString('utf8'),
  };
}
