import { HookRefusedError } from '../errors/hook-refused-error.ts';
import type { HookCredential } from './read-credential.ts';
import { verifySignature } from './verify-signature.ts';
import { verifyUrlKey } from './verify-url-key.ts';

/** Throws where none of the secrets vouches for the delivery; the log learns how many were tried, never their values. */
export function verifyCredential(
  credential: HookCredential,
  body: Uint8Array,
  secrets: readonly string[],
): void {
  switch (credential.kind) {
    case 'signature': {
      const { signature, timestamp } = credential;
      if (verifySignature({ signature, timestamp, body }, secrets)) return;
      throw new HookRefusedError('signature_mismatch', toDetail(secrets));
    }
    case 'key':
      if (verifyUrlKey(credential.key, secrets)) return;
      throw new HookRefusedError('key_mismatch', toDetail(secrets));
    default:
      credential satisfies never;
  }
}

function toDetail(secrets: readonly string[]): string {
  const ids = secrets.map((_, index) => `#${index + 1}`).join(', ');
  return `none of the secrets fits (tried ${ids}); each hook and each environment of Crisp has its own`;
}
