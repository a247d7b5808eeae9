import { createHmac } from 'node:crypto';

/** Crisp's signature as its documents describe it, written down apart from the code under test. */
export function signDelivery(secret: string, timestamp: string, body: Buffer): string {
  return createHmac('sha256', secret).update(`[${timestamp};`).update(body).update(']').digest('hex');
}
