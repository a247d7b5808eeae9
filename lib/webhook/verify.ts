import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { HookMode } from '../config/config.ts';
import type { HookDelivery } from './event.ts';
import { HookRefusedError } from './refusal.ts';

interface SignedBody {
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
  const matches = secrets.map((secret) => timingSafeEqual(signature, toSignature(secret, timestamp, body)));
  return matches.includes(true);
}

const HOOK_PATH = '/webhook';

/** Refuses what is no web hook by its request line, or what is compressed: nothing is ever inflated before it is verified. */
export function checkRequest({ path, method, headers }: HookDelivery): void {
  if (path !== HOOK_PATH) throw new HookRefusedError('not_found');
  if (method !== 'POST') throw new HookRefusedError('method_not_allowed');

  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== '' && encoding.toLowerCase() !== 'identity') {
    throw new HookRefusedError('encoding_not_supported');
  }
}

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

/** How far ahead of ours a sender's clock may be. */
const MAX_FUTURE_SECONDS = 300;

// Ten digits are seconds and thirteen are milliseconds until the year 2286; Crisp does not say which it sends.
const TIMESTAMP = /^\d{10}(\d{3})?$/;

/** Epoch milliseconds of a timestamp header. Stricter than `Number`, which reads `1e10`, `0x65` and ` 17 ` too. */
export function parseHookTimestamp(text: string | undefined): number {
  if (text === undefined || text === '') throw new HookRefusedError('timestamp_missing');
  if (!TIMESTAMP.test(text)) throw new HookRefusedError('timestamp_malformed');
  return text.length === 10 ? Number(text) * 1000 : Number(text);
}

/** Refuses a verified timestamp outside the window; the bounds themselves are inside. */
export function checkHookAge(emittedMs: number, nowMs: number, maxAgeSeconds: number): void {
  const ageSeconds = (nowMs - emittedMs) / 1000;
  if (ageSeconds > maxAgeSeconds) {
    throw new HookRefusedError('timestamp_too_old', `${ageSeconds} s old, ${maxAgeSeconds} s are allowed`);
  }
  if (-ageSeconds > MAX_FUTURE_SECONDS) {
    throw new HookRefusedError(
      'timestamp_in_future',
      `${-ageSeconds} s ahead, ${MAX_FUTURE_SECONDS} s are allowed`,
    );
  }
}

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

/**
 * The signature that Crisp puts on a plugin hook: lower-case hex of HMAC-SHA256 over `[timestamp;body]`, with the
 * timestamp header's text verbatim and the body's raw bytes, keyed with the bytes of the hook's secret.
 */
export function signHook(secret: string, timestamp: string, body: Uint8Array): string {
  return toSignature(secret, timestamp, body).toString('hex');
}

function toSignature(secret: string, timestamp: string, body: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`[${timestamp};`).update(body).update(']').digest();
}

/** True where `key` is one of the secrets. Digests are compared, so neither a secret's length nor its text shows in time. */
function verifyUrlKey(key: string, secrets: readonly string[]): boolean {
  const digest = toDigest(key);
  const matches = secrets.map((secret) => timingSafeEqual(digest, toDigest(secret)));
  return matches.includes(true);
}

function toDigest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
