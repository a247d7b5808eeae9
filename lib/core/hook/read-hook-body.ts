import { HookRefusedError } from '../errors/hook-refused-error.ts';
import type { HookDelivery } from './hook-delivery.ts';

/** Crisp's events are a few KiB; a Function URL would pass up to 6 MiB. Held against the decoded bytes. */
export const MAX_BODY_BYTES = 256 * 1024;

const MAX_BASE64_LENGTH = Math.ceil(MAX_BODY_BYTES / 3) * 4;

/** The raw bytes of the body, the very ones that were signed. Throws before anything is hashed. */
export function readHookBody({ body, isBase64 }: HookDelivery): Buffer {
  const bytes = isBase64 ? decodeBase64(body) : Buffer.from(body, 'utf8');
  if (bytes.length > MAX_BODY_BYTES) throw new HookRefusedError('body_too_large');
  if (bytes.length === 0) throw new HookRefusedError('empty_body');
  return bytes;
}

function decodeBase64(text: string): Buffer {
  if (text.length > MAX_BASE64_LENGTH) throw new HookRefusedError('body_too_large');
  const bytes = Buffer.from(text, 'base64');
  // Node skips what is not base64 instead of refusing it: only a text that comes back as it was is one.
  if (bytes.toString('base64') !== text) throw new HookRefusedError('invalid_base64');
  return bytes;
}
