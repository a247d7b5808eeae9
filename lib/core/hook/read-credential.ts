import type { HookMode } from '../config/config.ts';
import { HookRefusedError } from '../errors/hook-refused-error.ts';
import type { HookDelivery } from './hook-delivery.ts';
import { parseHookTimestamp } from './hook-timestamp.ts';

/** What a delivery shows to be believed; only its shape has been checked. */
export type HookCredential =
  | {
      readonly kind: 'signature';
      readonly signature: Uint8Array;
      /** The header's text, verbatim: that is what was signed. */
      readonly timestamp: string;
      readonly emittedMs: number;
    }
  | { readonly kind: 'key'; readonly key: string };

const SIGNATURE = /^[0-9a-f]{64}$/i;

/** Reads the credential that the configured mode asks for; a delivery of the other kind is told apart in the log alone. */
export function readCredential(delivery: HookDelivery, mode: HookMode): HookCredential {
  return mode === 'plugin' ? readSignature(delivery) : readUrlKey(delivery);
}

function readSignature({ headers, query }: HookDelivery): HookCredential {
  const signature = headers['x-crisp-signature'];
  if (!signature) {
    if (!new URLSearchParams(query).has('key')) throw new HookRefusedError('signature_missing');
    throw new HookRefusedError(
      'hook_mode_mismatch',
      'a website hook (?key=) reached an endpoint in plugin mode: see CRISP_HOOK_MODE',
    );
  }
  if (signature.includes(',')) throw new HookRefusedError('signature_ambiguous');
  if (!SIGNATURE.test(signature)) throw new HookRefusedError('signature_malformed');

  const timestamp = headers['x-crisp-request-timestamp'] ?? '';
  const emittedMs = parseHookTimestamp(timestamp);
  return { kind: 'signature', signature: Buffer.from(signature, 'hex'), timestamp, emittedMs };
}

function readUrlKey({ headers, query }: HookDelivery): HookCredential {
  // A plus sign stands for itself: a key in base64 has some, and no key has a blank.
  const keys = new URLSearchParams(query.replaceAll('+', '%2B')).getAll('key');
  if (keys.length > 1) throw new HookRefusedError('key_ambiguous');
  const [key] = keys;
  if (key) return { kind: 'key', key };

  if (!headers['x-crisp-signature']) throw new HookRefusedError('key_missing');
  throw new HookRefusedError(
    'hook_mode_mismatch',
    'a signed plugin hook reached an endpoint in website mode: see CRISP_HOOK_MODE',
  );
}
