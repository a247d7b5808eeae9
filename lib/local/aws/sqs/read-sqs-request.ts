import type { IncomingHttpHeaders } from 'node:http';

/** The action and the parameters of a request to SQS; undefined for a request to another service. */
export interface SqsRequest {
  readonly action: string;
  readonly parameters: Record<string, unknown>;
}

const TARGET = /^AmazonSQS\.(\w+)$/;

export function readSqsRequest({
  headers,
  body,
}: {
  headers: IncomingHttpHeaders;
  body: unknown;
}): SqsRequest | undefined {
  const action = TARGET.exec(String(headers['x-amz-target']))?.[1];
  if (action === undefined || typeof body !== 'object' || body === null) return undefined;
  // The parser of this content type made it of a JSON object.
  return { action, parameters: body as Record<string, unknown> };
}
