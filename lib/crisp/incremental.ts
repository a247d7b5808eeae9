import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject } from '../text.ts';
import { createMessageMerge, toStableText, toTimestampMs } from './merge.ts';

/** What an earlier fetch of the same conversation brought, of which it is known that it was complete. */
export interface EarlierFetch {
  /** Of the archived version. */
  readonly bytes: number;
  /** All that there were then. */
  readonly messages: readonly unknown[];
  /** Absent where it read none, or could not use what it read. */
  readonly profile?: EarlierProfile;
}

export interface EarlierProfile {
  /** Null where Crisp had none for this person. */
  readonly body: JsonObject | null;
  readonly peopleId: string;
  /** When it was read, epoch ms. */
  readonly readMs: number;
  /** The conversation's own `meta` then. */
  readonly meta: unknown;
}

/**
 * Whether the earlier profile may stand for the one that Crisp has now: that of the same person, read after `sinceMs`. Crisp
 * writes what it learns of a visitor into both, so a conversation whose contact data changed has it read anew.
 */
export function isStillValid(
  { peopleId, readMs, meta }: EarlierProfile,
  conversation: JsonObject,
  sinceMs: number,
): boolean {
  if (readMs <= sinceMs || peopleId !== conversation.people_id) return false;
  return isDeepStrictEqual(toContact(meta), toContact(conversation.meta));
}

const CONTACT_FIELDS = ['nickname', 'email', 'phone', 'address', 'avatar', 'segments', 'data'] as const;

function toContact(meta: unknown): unknown {
  return isJsonObject(meta) ? CONTACT_FIELDS.map((name) => meta[name]) : meta;
}

/** True where messages read down to `oldestMs` reach into those of the earlier fetch. */
export function reaches(oldestMs: number | undefined, earlier: readonly unknown[]): boolean {
  const newestMs = toNewestMs(earlier);
  return oldestMs !== undefined && newestMs !== undefined && toWholeFromMs(oldestMs) <= newestMs;
}

/**
 * The whole history from the newest messages, just read, and those of an earlier complete fetch; undefined where they do
 * not join. What is new stands at the end, so nothing is missing between the two where all that both know agrees: each
 * message from the first whole millisecond of `read` to the newest one of `earlier` has to be in both, word for word. An
 * edit, a removal or a message that was put between others is none of that: then the rest has to be read, too.
 */
export function joinEarlier(
  read: readonly unknown[],
  earlier: readonly unknown[],
): readonly unknown[] | undefined {
  const [newestMs, times] = [toNewestMs(earlier), read.map(toTimestampMs)];
  // Where a message without a timestamp belongs cannot be told.
  if (newestMs === undefined || times.includes(undefined)) return undefined;
  const oldestMs = times.reduce<number>((oldest, ms = oldest) => Math.min(oldest, ms), Infinity);
  const fromMs = toWholeFromMs(oldestMs);
  if (fromMs > newestMs) return undefined;

  const unread = new Map<string, number>();
  const older: unknown[] = [];
  for (const message of earlier) {
    if (toMs(message) >= fromMs) count(unread, message, 1);
    else older.push(message);
  }
  const cut = new Map<string, number>();
  for (const message of older) if (toMs(message) >= fromMs - 1) count(cut, message, 1);
  for (const message of read) {
    const ms = toMs(message);
    // The page may have cut through its oldest millisecond: of that, the earlier fetch knows all.
    const isKnown = count(ms < fromMs ? cut : unread, message, -1) >= 0;
    if (!isKnown && ms < newestMs) return undefined;
  }
  if ([...unread.values()].some((missing) => missing > 0)) return undefined;

  const merge = createMessageMerge();
  merge.add(older);
  merge.add(read);
  return merge.toSorted();
}

/** The first millisecond of which nothing can lie before what was read down to `oldestMs`. */
function toWholeFromMs(oldestMs: number): number {
  return Math.floor(oldestMs) + 1;
}

/** Undefined where there is none, or where one has no timestamp. */
function toNewestMs(messages: readonly unknown[]): number | undefined {
  let newestMs: number | undefined;
  for (const message of messages) {
    const ms = toTimestampMs(message);
    if (ms === undefined) return undefined;
    newestMs = Math.max(newestMs ?? 0, Math.floor(ms));
  }
  return newestMs;
}

function toMs(message: unknown): number {
  return Math.floor(toTimestampMs(message) ?? 0);
}

function count(counts: Map<string, number>, message: unknown, by: number): number {
  const text = toStableText(message);
  const counted = (counts.get(text) ?? 0) + by;
  counts.set(text, counted);
  return counted;
}
