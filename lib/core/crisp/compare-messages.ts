import { isCrispObject } from './is-crisp-object.ts';
import { toContentHash, toFingerprint, toMessageKey, toTimestampMs } from './message-key.ts';

/**
 * Orders messages by timestamp, then fingerprint (numbers as numbers, before texts), then what else names them, then
 * what they say: the order does not depend on the pages. Those without a timestamp come first: the last message of a list
 * is then always the newest one known.
 */
export function compareMessages(a: unknown, b: unknown): number {
  return (
    (toTimestampMs(a) ?? -1) - (toTimestampMs(b) ?? -1) ||
    compareFingerprints(toFingerprint(a), toFingerprint(b)) ||
    compareTexts(toMessageKey(a), toMessageKey(b)) ||
    compareTexts(toWords(a), toWords(b))
  );
}

function compareFingerprints(a: string | undefined, b: string | undefined): number {
  const [numberA, numberB] = [toNumber(a), toNumber(b)];
  if (numberA === numberB) return 0;
  return numberA < numberB ? -1 : 1;
}

// A fingerprint that is no whole number sorts behind all that are.
function toNumber(fingerprint: string | undefined): number {
  const number = /^-?\d{1,16}$/.test(fingerprint ?? '') ? Number(fingerprint) : Infinity;
  return Number.isSafeInteger(number) ? number : Infinity;
}

function toWords(message: unknown): string {
  return toContentHash(isCrispObject(message) ? message.content : message);
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
