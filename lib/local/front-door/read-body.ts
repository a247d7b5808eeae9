import type { IncomingMessage } from 'node:http';

/**
 * Reads a request's body up to a limit. Undefined where it is larger: reading stops there, so that nobody fills the
 * memory; the connection is then of no further use.
 */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > limitBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
