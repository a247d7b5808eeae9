import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { JobError } from '../../core/errors/job-error.ts';
import { toShape } from '../../core/text/to-shape.ts';

export interface BodyOptions {
  readonly contentEncoding: string | undefined;
  readonly contentLength: string | undefined;
  /** Holds for what comes over the wire and for what it inflates to. */
  readonly maxBytes: number;
}

/**
 * Reads a body as text; bytes that are not UTF-8 become U+FFFD. Throws `response_too_large` as soon as the cap is
 * certain to be passed, and `bad_encoding` for gzip that does not inflate and for every other encoding: a chain of them
 * turns a few bytes into gigabytes. Errors of the connection pass through.
 */
export async function readBody(body: Readable, options: BodyOptions): Promise<string> {
  const { contentEncoding, contentLength, maxBytes } = options;
  const encoding = contentEncoding?.trim().toLowerCase() || 'identity';
  try {
    if (encoding !== 'identity' && encoding !== 'gzip') throw badEncoding(nameEncoding(encoding));
    if (Number(contentLength) > maxBytes) throw tooLarge(maxBytes);
    const bytes = await collect(body, maxBytes);
    return (encoding === 'gzip' ? await inflate(bytes, maxBytes) : bytes).toString('utf8');
  } finally {
    // Whatever was not read is not wanted: the connection is closed instead of drained.
    if (!body.readableEnded) body.on('error', ignore).destroy();
  }
}

async function collect(body: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  const [first] = chunks;
  return first && chunks.length === 1 ? first : Buffer.concat(chunks, length);
}

const gunzipAsync = promisify(gunzip);

async function inflate(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  if (bytes.length === 0) return bytes;
  try {
    return await gunzipAsync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(maxBytes) : badEncoding(`gzip: ${code}`, error);
  }
}

const ENCODINGS = new Set(['identity', 'gzip', 'x-gzip', 'deflate', 'br', 'zstd', 'compress']);

/** A header can say anything: what is no encoding that there is has a shape, and no name. */
function nameEncoding(header: string): string {
  const encodings = header.slice(0, 100).split(/\s*,\s*/);
  return encodings.every((each) => ENCODINGS.has(each)) ? encodings.join(', ') : `"${toShape(header, 40)}"`;
}

function tooLarge(maxBytes: number): JobError {
  return new JobError('response_too_large', { hint: `more than ${maxBytes} bytes` });
}

function badEncoding(what: string, cause?: unknown): JobError {
  return new JobError('bad_encoding', { hint: `content encoding ${what}`, cause });
}

function ignore(): void {}
