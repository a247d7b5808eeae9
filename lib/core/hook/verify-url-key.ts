import { createHash, timingSafeEqual } from 'node:crypto';

/** True where `key` is one of the secrets. Digests are compared, so neither a secret's length nor its text shows in time. */
export function verifyUrlKey(key: string, secrets: readonly string[]): boolean {
  const digest = toDigest(key);
  const matches = secrets.map((secret) => timingSafeEqual(digest, toDigest(secret)));
  return matches.includes(true);
}

function toDigest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
