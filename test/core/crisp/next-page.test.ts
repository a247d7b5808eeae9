import { describe, expect, test } from 'vitest';
import { decideNextPage, FIRST_PAGE, type PageWalk } from '../../../lib/core/crisp/next-page.ts';
import { type PageSummary, summarizePage } from '../../../lib/core/crisp/page-summary.ts';

const aPage = (page: Partial<PageSummary> = {}): PageSummary => ({
  count: 20,
  added: 20,
  hasMore: false,
  oldestMs: 1_000,
  middleMs: 1_500,
  newestMs: 2_000,
  newestAddedMs: 2_000,
  newestKnownMs: 1_000,
  isOrdered: true,
  ...page,
});
const aProbe: PageWalk = { ...FIRST_PAGE, beforeMs: 1_001, largestCount: 20, isProbe: true };
const untrusted = { is200Trusted: false };
const trusted = { is200Trusted: true };

describe('the cursor', () => {
  test('re-reads the oldest millisecond', () => {
    const next = decideNextPage(FIRST_PAGE, aPage({ hasMore: true }), trusted);

    expect(next).toMatchObject({ step: 'read', walk: { beforeMs: 1_001, isProbe: false } });
  });

  test('re-reads the whole millisecond where a timestamp is a fraction of one', () => {
    const next = decideNextPage(FIRST_PAGE, aPage({ hasMore: true, oldestMs: 1_000.5 }), trusted);

    expect(next).toMatchObject({ step: 'read', walk: { beforeMs: 1_001 } });
  });

  test('never moves towards newer messages', () => {
    const walk = { ...FIRST_PAGE, beforeMs: 1_001 };

    const next = decideNextPage(walk, aPage({ hasMore: true, oldestMs: 1_500 }), trusted);

    expect(next).toEqual({ step: 'stuck' });
  });
});

describe('a 200', () => {
  test('that is followed by something new is no end, also where another walk has seen a 206 meanwhile', () => {
    const next = decideNextPage(aProbe, aPage({ added: 19, oldestMs: 500, newestMs: 1_000 }), trusted);

    expect(next).toMatchObject({ step: 'read', walk: { beforeMs: 501, has200Lied: true } });
  });

  test('that is followed by its own oldest message alone was the end', () => {
    const next = decideNextPage(aProbe, aPage({ count: 1, added: 0, newestMs: 1_000 }), untrusted);

    expect(next).toMatchObject({ step: 'end', terminatedBy: 'http_200' });
  });

  test('that is followed by more of its oldest millisecond, and nothing older, is the end, but lied', () => {
    const next = decideNextPage(aProbe, aPage({ count: 3, added: 2, newestMs: 1_000 }), untrusted);

    expect(next).toMatchObject({ step: 'end', terminatedBy: 'empty_page', walk: { has200Lied: true } });
  });

  test('with 19 messages is believed at once, with 20 it is not', () => {
    const [short, full] = [19, 20].map((count) => decideNextPage(FIRST_PAGE, aPage({ count }), untrusted));

    expect(short).toMatchObject({ step: 'end' });
    expect(full).toMatchObject({ step: 'read', walk: { isProbe: true } });
  });
});

test('a page is summed up by the timestamps that it has', () => {
  const messages = [null, { timestamp: 'soon' }, { timestamp: 5 }, { timestamp: 3 }, { timestamp: -1 }];

  const page = summarizePage(messages, { added: messages.slice(3), hasMore: true });

  expect(page).toEqual({
    ...{ count: 5, added: 2, hasMore: true, isOrdered: true },
    ...{ oldestMs: 3, middleMs: 5, newestMs: 5, newestAddedMs: 3, newestKnownMs: 5 },
  });
});
