import type { LambdaFunctionURLEvent } from 'aws-lambda';

export interface ReceivedRequest {
  readonly method: string;
  /** Path and query as they stood in the request line. */
  readonly url: string;
  /** Names and values as received, in pairs: two headers of one name are two pairs. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly sourceIp: string;
  readonly requestId: string;
  readonly nowMs: number;
}

/** The event that a Lambda Function URL would make of a request: lower-case headers, repeated ones joined by a comma. */
export function toFunctionUrlEvent(request: ReceivedRequest): LambdaFunctionURLEvent {
  const { method, url, body, sourceIp, requestId, nowMs } = request;
  const [rawPath = '/', ...query] = url.split('?');
  const headers = toHeaders(request.rawHeaders);
  const text = toText(body);

  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString: query.join('?'),
    headers,
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      domainName: headers.host ?? 'localhost',
      domainPrefix: 'local',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp, userAgent: headers['user-agent'] ?? '' },
      requestId,
      routeKey: '$default',
      stage: '$default',
      time: new Date(nowMs).toISOString(),
      timeEpoch: nowMs,
    },
    isBase64Encoded: text === undefined,
    ...(body.length > 0 && { body: text ?? body.toString('base64') }),
  };
}

function toHeaders(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = String(rawHeaders[i]).toLowerCase();
    const value = String(rawHeaders[i + 1]);
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]},${value}` : value;
  }
  return headers;
}

/** The body as text where the bytes are UTF-8, so that no byte changes on the way; else undefined. */
function toText(body: Buffer): string | undefined {
  const text = body.toString('utf8');
  return Buffer.from(text, 'utf8').equals(body) ? text : undefined;
}
