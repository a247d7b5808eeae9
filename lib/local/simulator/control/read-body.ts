import type { IncomingMessage } from 'node:http';

/** Reads a request's JSON; an empty body is an empty object, and what is no JSON is undefined. */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    // The control's own schema says what it expected.
    return undefined;
  }
}
