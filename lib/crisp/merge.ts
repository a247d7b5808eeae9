import { createHash } from 'node:crypto';
import { JobError } from '../errors.ts';
import { isJsonObject } from '../text.ts';
import { VOLATILE_MESSAGE_FIELDS } from './volatile.ts';

/** Collects the pages of one conversation. */
interface MessageMerge {
  /** Adds a page and returns those of its messages that were new. Of a message read twice, the later reading is kept. */
  add(page: readonly unknown[]): readonly unknown[];
  /** All messages, none twice, oldest first. */
  toSorted(): unknown[];
}

/**
 * A page never holds the same message twice: of one key there are as many messages as the page that holds most of them.
 */
export function createMessageMerge(): MessageMerge {
  const known = new Map<string, readonly unknown[]>();

  return {
    add(page) {
      const added: unknown[] = [];
      for (const [key, read] of Map.groupBy(page, toMessageKey)) {
        const before = known.get(key) ?? [];
        known.set(key, joinReadings(before, read));
        added.push(...read.slice(before.length));
      }
      return added;
    },
    toSorted: () => [...known.values()].flat().sort(compareMessages),
  };
}

/**
 * All that was read now, and of what was known as many as the page lacked: those that say what it does not say. A page
 * that holds fewer has cut through them, or one was deleted meanwhile; a message too many is corrected by the next
 * fetch, one too few would be lost.
 */
function joinReadings(before: readonly unknown[], read: readonly unknown[]): readonly unknown[] {
  const lacking = before.length - read.length;
  if (lacking <= 0) return read;
  const said = Map.groupBy(read, toWords);
  const unread = before.filter((message) => said.get(toWords(message))?.pop() === undefined);
  return [...unread.slice(0, lacking), ...read];
}

/**
 * Orders messages by timestamp, then fingerprint (numbers as numbers, before texts), then what else names them, then
 * what they say: the order does not depend on the pages. Those without a timestamp come first: the last message of a list
 * is then always the newest one known.
 */
function compareMessages(a: unknown, b: unknown): number {
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
  return toContentHash(isJsonObject(message) ? message.content : message);
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/**
 * Names a message within its conversation, for telling a message that was read twice from two messages: by its
 * fingerprint with the fingerprint's JSON type, its timestamp, type and sender. The fingerprint alone is not enough:
 * imported histories number replies and notes apart. The content is left out, because it may be edited between two pages;
 * it counts only where nothing else names the message. Messages of one key are told apart by how many a page holds.
 */
function toMessageKey(message: unknown): string {
  if (!isJsonObject(message)) return `content:${toContentHash(message)}`;
  const { fingerprint, timestamp, type, from } = message;
  const name = toText([fingerprint, timestamp, type, from]);
  return isNamed(message) ? name : `${name}:${toContentHash(message.content)}`;
}

/** The fingerprint as text; undefined where it is missing, empty, or a number that may have been rounded. */
export function toFingerprint(message: unknown): string | undefined {
  const fingerprint = isJsonObject(message) ? message.fingerprint : undefined;
  if (typeof fingerprint === 'number')
    return Number.isSafeInteger(fingerprint) ? `${fingerprint}` : undefined;
  return typeof fingerprint === 'string' && fingerprint !== '' ? fingerprint : undefined;
}

/** Epoch ms; undefined where the message has no timestamp that could be asked for. */
export function toTimestampMs(message: unknown): number | undefined {
  const timestamp = isJsonObject(message) ? message.timestamp : undefined;
  const isUsable = typeof timestamp === 'number' && timestamp >= 0 && timestamp < Number.MAX_SAFE_INTEGER;
  return isUsable ? timestamp : undefined;
}

const VOLATILE = new Set<string>(VOLATILE_MESSAGE_FIELDS);

/** All that a message says, but for what changes by itself: the same text, the same message. */
export function toStableText(message: unknown): string {
  if (!isJsonObject(message)) return toText(message);
  return toText(Object.fromEntries(Object.entries(message).filter(([name]) => !VOLATILE.has(name))));
}

/** A hash of what a message says, without what changes by itself (read, delivered, preview, …). */
function toContentHash(content: unknown): string {
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
