import { timingSafeEqual } from 'node:crypto';
import { signHook } from './sign-hook.ts';

export interface SignedBody {
  /** The 32 bytes of the signature header. */
  readonly signature: Uint8Array;
  /** The timestamp header, verbatim. */
  readonly timestamp: string;
  readonly body: Uint8Array;
}

/** True where one of the secrets made this signature. All are tried, whichever fits: time tells nothing about them. */
export function verifySignature(
  { signature, timestamp, body }: SignedBody,
  secrets: readonly string[],
): boolean {
  const matches = secrets.map((secret) =>
    timingSafeEqual(signature, Buffer.from(signHook(secret, timestamp, body), 'hex')),
  );
  return matches.includes(true);
}
