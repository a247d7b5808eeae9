import { createHash } from 'node:crypto';
import { JobError } from '../errors/job-error.ts';
import { isCrispObject } from './is-crisp-object.ts';

/**
 * Names a message within its conversation, for telling a message that was read twice from two messages: by its
 * fingerprint with the fingerprint's JSON type, its timestamp, type and sender. The fingerprint alone is not enough:
 * imported histories number replies and notes apart. The content is left out, because it may be edited between two pages;
 * it counts only where nothing else names the message. Messages of one key are told apart by how many a page holds.
 */
export function toMessageKey(message: unknown): string {
  if (!isCrispObject(message)) return `content:${toContentHash(message)}`;
  const { fingerprint, timestamp, type, from } = message;
  const name = toText([fingerprint, timestamp, type, from]);
  return isNamed(message) ? name : `${name}:${toContentHash(message.content)}`;
}

/** The fingerprint as text; undefined where it is missing, empty, or a number that may have been rounded. */
export function toFingerprint(message: unknown): string | undefined {
  const fingerprint = isCrispObject(message) ? message.fingerprint : undefined;
  if (typeof fingerprint === 'number')
    return Number.isSafeInteger(fingerprint) ? `${fingerprint}` : undefined;
  return typeof fingerprint === 'string' && fingerprint !== '' ? fingerprint : undefined;
}

/** Epoch ms; undefined where the message has no timestamp that could be asked for. */
export function toTimestampMs(message: unknown): number | undefined {
  const timestamp = isCrispObject(message) ? message.timestamp : undefined;
  const isUsable = typeof timestamp === 'number' && timestamp >= 0 && timestamp < Number.MAX_SAFE_INTEGER;
  return isUsable ? timestamp : undefined;
}

/** A hash of what a message says, without what changes by itself (read, delivered, preview, …). */
export function toContentHash(content: unknown): string {
  return createHash('sha256').update(toText(content)).digest('base64url');
}

// A number beyond 2^53 may stand for several fingerprints: of one moment, a page holds all of them or none.
function isNamed(message: object): boolean {
  if (toFingerprint(message) !== undefined) return true;
  return (
    'fingerprint' in message &&
    typeof message.fingerprint === 'number' &&
    toTimestampMs(message) !== undefined
  );
}

function toText(content: unknown): string {
  try {
    // Undefined has no text of its own.
    return JSON.stringify(content) ?? 'undefined';
  } catch (error) {
    // Parsing has no limit on depth, writing has: a body made to be so deep is refused, it must not end the process.
    throw new JobError('bad_response', { detail: 'too_deep', cause: error });
  }
}
