import { createHmac } from 'node:crypto';

/**
 * The value of `X-Crisp-Signature`: lower-case hex of HMAC-SHA256 over `[timestamp;body]`.
 * @param timestamp the text of the `X-Crisp-Request-Timestamp` header, verbatim
 */
export function signHook(secret: string, timestamp: string, body: string): string {
  return createHmac('sha256', secret).update(`[${timestamp};${body}]`, 'utf8').digest('hex');
}
