import { toTimestampMs } from './merge.ts';

/** Below this size a 200 is believed at once: no page size that was ever reported for Crisp is smaller. */
const SMALLEST_FULL_PAGE = 20;

/** Where the walk from the newest message to the oldest stands. */
export interface PageWalk {
  /** `timestamp_before` of the page that was just read; undefined for the first. */
  readonly beforeMs: number | undefined;
  /** The most messages that came in one page so far: a page of fewer was not cut off by the page size. */
  readonly largestCount: number;
  /** This page was asked for although the one before it said 200. */
  readonly isProbe: boolean;
  /** A 200 of this walk was followed by messages that were not known. */
  readonly has200Lied: boolean;
  /**
   * Set while a page that was not in time order is looked at again: its oldest timestamp, down to which nothing may turn
   * up that it did not have.
   */
  readonly checkedDownToMs?: number | undefined;
  /** The page that the next one has to join on to: its oldest timestamp, and the one in its middle. */
  readonly joint?: { readonly oldestMs: number; readonly middleMs: number } | undefined;
  /** This page was asked for from the middle of the one before, because the first try did not join on to it. */
  readonly isSecondTry?: boolean;
}

export const FIRST_PAGE: PageWalk = {
  beforeMs: undefined,
  largestCount: 0,
  isProbe: false,
  has200Lied: false,
};

type NextPage =
  | { readonly step: 'read'; readonly walk: PageWalk }
  | { readonly step: 'end'; readonly walk: PageWalk; readonly terminatedBy: PagingEnd }
  /** Neither further nor proven complete: what was read must not be passed off as the whole. */
  | { readonly step: 'stuck' };

/**
 * Decides after each page whether the history is complete, and if not, what to ask for next. `is200Trusted`: a 206 has
 * been seen with this token, so the server knows the difference.
 */
export function decideNextPage(
  before: PageWalk,
  page: PageSummary,
  { is200Trusted }: { readonly is200Trusted: boolean },
): NextPage {
  const has200Lied = before.has200Lied || (before.isProbe && page.added > 0);
  const largestCount = Math.max(before.largestCount, page.count);
  const walk = { ...before, has200Lied, largestCount, checkedDownToMs: undefined, isSecondTry: false };

  if (!joinsOn(before, page)) return tryAgain({ ...before, has200Lied, largestCount });
  if (before.checkedDownToMs !== undefined) {
    if (hasHole(before.checkedDownToMs, page)) return { step: 'stuck' };
    // The look has confirmed the page before it; what it brought beyond that page is read again.
    return decideEnd(walk, { ...page, oldestMs: before.checkedDownToMs, isOrdered: true }, is200Trusted);
  }
  return decideEnd(walk, page, is200Trusted);
}

/** False while it is not known yet whether a page was left out, or read out of order: the next one is to show it. */
export function isJoined({ checkedDownToMs, isSecondTry }: PageWalk): boolean {
  return checkedDownToMs === undefined && !isSecondTry;
}

function decideEnd(walk: PageWalk, page: PageSummary, is200Trusted: boolean): NextPage {
  const { has200Lied } = walk;
  if (page.hasMore) return readOlder(walk, page);
  if (isBelieved(walk, page, is200Trusted) || isAllThereIs(walk, page)) {
    return { step: 'end', walk, terminatedBy: has200Lied ? 'empty_page' : 'http_200' };
  }
  return readOlder({ ...walk, isProbe: true }, page);
}

function isBelieved(walk: PageWalk, page: PageSummary, is200Trusted: boolean): boolean {
  if (walk.has200Lied) return false;
  return is200Trusted || (!walk.isProbe && page.count < SMALLEST_FULL_PAGE);
}

/**
 * Proof without a status: the page holds nothing from before the millisecond that it re-reads, and it was not cut off
 * by the page size, so the server had nothing else to give.
 */
function isAllThereIs(walk: PageWalk, page: PageSummary): boolean {
  if (page.count === 0) return true;
  if (walk.beforeMs === undefined || page.oldestMs === undefined) return false;
  return toCursor(page.oldestMs) >= walk.beforeMs && page.count < walk.largestCount;
}

/**
 * Every older page reads its predecessor's oldest millisecond again, so it has a message of it. One that has none may have
 * left out what lies between.
 */
function joinsOn({ joint, ...walk }: PageWalk, { count, newestKnownMs }: PageSummary): boolean {
  if (joint === undefined) return true;
  if (count === 0) return walk.checkedDownToMs === undefined && !walk.isSecondTry;
  return newestKnownMs !== undefined && newestKnownMs >= joint.oldestMs;
}

/** A message that was deleted meanwhile, or a server with a coarser clock, joins on from the middle of the page before. */
function tryAgain(walk: PageWalk): NextPage {
  if (walk.joint === undefined || walk.isSecondTry || walk.checkedDownToMs !== undefined)
    return { step: 'stuck' };
  return { step: 'read', walk: { ...walk, beforeMs: toCursor(walk.joint.middleMs), isSecondTry: true } };
}

/** A message between those of a page that it did not have: the server does not choose its pages by time. */
function hasHole(checkedDownToMs: number, { newestAddedMs }: PageSummary): boolean {
  return newestAddedMs !== undefined && newestAddedMs > checkedDownToMs;
}

/**
 * Asks again for the oldest millisecond, because the page may have cut through it: whether the server takes the cursor
 * as exclusive or inclusive, that loses nothing. Where it leads no further, only an inclusive server may be asked from
 * the oldest timestamp itself; it gives itself away by a message at the cursor. An exclusive one would leave out the
 * rest of a millisecond that fills a whole page, and no cursor could reach it.
 */
function readOlder(walk: PageWalk, { oldestMs, middleMs, newestMs, isOrdered }: PageSummary): NextPage {
  const { beforeMs } = walk;
  if (oldestMs === undefined || middleMs === undefined || newestMs === undefined) return { step: 'stuck' };
  const joined = { ...walk, joint: { oldestMs, middleMs } };
  if (!isOrdered && newestMs - oldestMs > LEAST_SPAN_MS) {
    return { step: 'read', walk: { ...joined, ...toCheck(oldestMs, newestMs) } };
  }

  const next = toCursor(oldestMs);
  if (beforeMs === undefined || next < beforeMs) return { step: 'read', walk: { ...joined, beforeMs: next } };

  const isInclusive = newestMs >= beforeMs;
  const oldest = Math.ceil(oldestMs);
  if (isInclusive && oldest < beforeMs) return { step: 'read', walk: { ...joined, beforeMs: oldest } };
  return { step: 'stuck' };
}

// Within two milliseconds there is no room for a look from below the newest one.
const LEAST_SPAN_MS = 2;

/**
 * A page out of time order says nothing by its oldest timestamp: where the server does not choose its pages by time, all
 * between that and the rest may be missing. So the page is asked for again from just below its newest message. A server
 * that chooses by time has nothing to add to it but what is older.
 */
function toCheck(oldestMs: number, newestMs: number) {
  return { beforeMs: Math.ceil(newestMs) - 1, checkedDownToMs: oldestMs };
}

function toCursor(oldestMs: number): number {
  return Math.floor(oldestMs) + 1;
}

/** How the walk over the pages of messages came to its end; all prove that nothing is missing. */
export type PagingEnd = 'http_200' | 'empty_page' | 'archive_overlap';

/** What the walk over the pages needs to know of one of them. */
export interface PageSummary {
  /** As received, messages known already included. */
  readonly count: number;
  /** How many of them were not known before. */
  readonly added: number;
  /** 206: Crisp says that older messages exist. */
  readonly hasMore: boolean;
  /** Epoch ms; undefined where no message of the page has a timestamp. */
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
  /** The timestamp in the middle of all. */
  readonly middleMs: number | undefined;
  /** Of the messages that were not known before, and of those that were. */
  readonly newestAddedMs: number | undefined;
  readonly newestKnownMs: number | undefined;
  /** In time order, one way or the other. */
  readonly isOrdered: boolean;
}

export function summarizePage(
  messages: readonly unknown[],
  { added, hasMore }: { added: readonly unknown[]; hasMore: boolean },
): PageSummary {
  const timestamps = toTimestamps(messages);
  const sorted = timestamps.toSorted((a, b) => a - b);
  const isNew = new Set(added);
  return {
    count: messages.length,
    added: added.length,
    hasMore,
    oldestMs: sorted[0],
    middleMs: sorted[sorted.length >> 1],
    newestMs: sorted.at(-1),
    newestAddedMs: toNewest(added),
    newestKnownMs: toNewest(messages.filter((message) => !isNew.has(message))),
    isOrdered: isEqual(timestamps, sorted) || isEqual(timestamps.toReversed(), sorted),
  };
}

function toTimestamps(messages: readonly unknown[]): number[] {
  return messages.map(toTimestampMs).filter((timestamp) => timestamp !== undefined);
}

function toNewest(messages: readonly unknown[]): number | undefined {
  return toTimestamps(messages)
    .sort((a, b) => a - b)
    .at(-1);
}

function isEqual(one: readonly number[], other: readonly number[]): boolean {
  return one.every((timestamp, place) => timestamp === other[place]);
}
