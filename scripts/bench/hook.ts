import { createHmac } from 'node:crypto';
import type { LambdaFunctionURLEvent } from 'aws-lambda';

export const HOOK_SECRET = 'whsec_9f1c7a52e0b84d36c2a7f05be81d4936';
const WEBSITE_ID = '8c842203-7ed8-4e29-a608-7cf78a7d2fcc';

/** A signed delivery of about 2 KB at the Function URL; `index` names its session. */
export function aHook(index: number, nowMs: number): LambdaFunctionURLEvent {
  const session_id = `session_${index.toString(16).padStart(8, '0')}-85e2-465a-b9ac-ecb5ec2c9881`;
  const body = JSON.stringify({
    website_id: WEBSITE_ID,
    event: 'message:send',
    data: {
      website_id: WEBSITE_ID,
      session_id,
      inbox_id: null,
      type: 'text',
      from: 'user',
      origin: 'chat',
      content: 'Is my parcel lost? '.repeat(80),
      fingerprint: 179_085_600_012_345 + index,
      timestamp: nowMs,
      stamped: true,
      user: { nickname: 'Ada', user_id: session_id },
    },
    timestamp: nowMs,
  });
  const timestamp = String(nowMs);
  const signature = createHmac('sha256', HOOK_SECRET).update(`[${timestamp};${body}]`).digest('hex');
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/webhook',
    rawQueryString: '',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Crisp-HooksDeliver 1.0 (+https://crisp.chat)',
      'x-crisp-request-timestamp': timestamp,
      'x-crisp-signature': signature,
      'x-delivery-attempt-count': '1',
    },
    requestContext: {
      accountId: 'anonymous',
      apiId: 'bench',
      domainName: 'example.com',
      domainPrefix: 'bench',
      http: {
        method: 'POST',
        path: '/webhook',
        protocol: 'HTTP/1.1',
        sourceIp: '203.0.113.9',
        userAgent: '',
      },
      requestId: 'request',
      routeKey: '$default',
      stage: '$default',
      time: '',
      timeEpoch: nowMs,
    },
    isBase64Encoded: false,
    body,
  };
}
