import { HookRefusedError } from '../errors/hook-refused-error.ts';
import type { HookDelivery } from './hook-delivery.ts';

export const HOOK_PATH = '/webhook';

/** Refuses what is no web hook by its request line, or what is compressed: nothing is ever inflated before it is verified. */
export function checkRequest({ path, method, headers }: HookDelivery): void {
  if (path !== HOOK_PATH) throw new HookRefusedError('not_found');
  if (method !== 'POST') throw new HookRefusedError('method_not_allowed');

  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== '' && encoding.toLowerCase() !== 'identity') {
    throw new HookRefusedError('encoding_not_supported');
  }
}
