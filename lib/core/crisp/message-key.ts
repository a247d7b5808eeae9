import { createHash } from 'node:crypto';
import { JobError } from '../errors/job-error.ts';
import { isCrispObject } from './is-crisp-object.ts';

/**
 * Names a message within its conversation, for telling a message that was read twice from two messages. That is its
 * fingerprint; where it has none, or one that JSON's numbers cannot hold exactly, its time and a hash of its content.
 * `occurrence` counts equal keys of the latter kind within one page: a page never holds the same message twice.
 */
export function toMessageKey(message: unknown, occurrence = 0): string {
  const fingerprint = toFingerprint(message);
  if (fingerprint !== undefined) return `fingerprint:${fingerprint}`;
  return `content:${toTimestampMs(message) ?? ''}:${toContentHash(message)}:${occurrence}`;
}

/** The fingerprint as text; undefined where it is missing, empty, or a number beyond 2^53. */
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

// Left out: what changes between two reads of the same message (read, delivered, preview, …).
function toContentHash(message: unknown): string {
  const content = isCrispObject(message)
    ? [message.fingerprint, message.type, message.from, message.content]
    : message;
  return createHash('sha256').update(toText(content)).digest('base64url');
}

function toText(content: unknown): string {
  try {
    return JSON.stringify(content);
  } catch (error) {
    // Parsing has no limit on depth, writing has: a body made to be so deep is refused, it must not end the process.
    throw new JobError('bad_response', { detail: 'too_deep', cause: error });
  }
}
