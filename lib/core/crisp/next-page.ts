import type { PagingEnd } from './fetched-conversation.ts';
import type { PageSummary } from './page-summary.ts';

/** Below this size a 200 is believed at once: no page size that was ever reported for Crisp is smaller. */
export const SMALLEST_FULL_PAGE = 20;

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
}

export const FIRST_PAGE: PageWalk = {
  beforeMs: undefined,
  largestCount: 0,
  isProbe: false,
  has200Lied: false,
};

export type NextPage =
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
  const walk = { ...before, has200Lied, largestCount: Math.max(before.largestCount, page.count) };

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
 * Asks again for the oldest millisecond, because the page may have cut through it: whether the server takes the cursor
 * as exclusive or inclusive, that loses nothing. Where it leads no further, only an inclusive server may be asked from
 * the oldest timestamp itself; it gives itself away by a message at the cursor. An exclusive one would leave out the
 * rest of a millisecond that fills a whole page, and no cursor could reach it.
 */
function readOlder(walk: PageWalk, { oldestMs, newestMs }: PageSummary): NextPage {
  const { beforeMs } = walk;
  if (oldestMs === undefined || newestMs === undefined) return { step: 'stuck' };

  const next = toCursor(oldestMs);
  if (beforeMs === undefined || next < beforeMs) return { step: 'read', walk: { ...walk, beforeMs: next } };

  const isInclusive = newestMs >= beforeMs;
  const oldest = Math.ceil(oldestMs);
  if (isInclusive && oldest < beforeMs) return { step: 'read', walk: { ...walk, beforeMs: oldest } };
  return { step: 'stuck' };
}

function toCursor(oldestMs: number): number {
  return Math.floor(oldestMs) + 1;
}
