import { createHmac } from 'node:crypto';

/**
 * The signature that Crisp puts on a plugin hook: lower-case hex of HMAC-SHA256 over `[timestamp;body]`, with the
 * timestamp header's text verbatim and the body's raw bytes, keyed with the bytes of the hook's secret.
 */
export function signHook(secret: string, timestamp: string, body: Uint8Array): string {
  return createHmac('sha256', secret).update(`[${timestamp};`).update(body).update(']').digest('hex');
}
