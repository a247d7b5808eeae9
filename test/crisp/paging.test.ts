import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MessagesPage } from '../../lib/crisp/client.ts';
import {
  decideNextPage,
  FIRST_PAGE,
  type PageSummary,
  type PageWalk,
  summarizePage,
} from '../../lib/crisp/page-walk.ts';
import {
  createPagingTrust,
  type FetchedMessages,
  fetchMessages,
  type PagingTrust,
} from '../../lib/crisp/paging.ts';
import { JobError } from '../../lib/errors.ts';
import { aSession } from '../support/builders.ts';
import {
  aHistory,
  createScriptedHistory,
  type HistoryMessage,
  type HistoryOptions,
} from '../support/crisp.ts';

describe('next page', () => {
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
});

describe('fetch messages', () => {
  const START_MS = 1_790_856_000_000;
  const STRICT: HistoryOptions = { pageSize: 20, boundary: 'strict', statuses: 'honest' };
  const ALWAYS_200: HistoryOptions = { pageSize: 20, boundary: 'strict', statuses: 'always-200' };

  const spaced = (count: number) =>
    aHistory(Array.from({ length: count }, (_, index) => START_MS + index * 1_000));
  const together = (count: number, atMs = START_MS) => Array.from({ length: count }, () => atMs);

  interface Walk {
    readonly result: FetchedMessages | JobError;
    readonly cursors: readonly (number | undefined)[];
  }

  async function walk(
    history: readonly HistoryMessage[],
    server: HistoryOptions,
    {
      pagingTrust = createPagingTrust(),
      maxPages = 5_000,
    }: { pagingTrust?: PagingTrust; maxPages?: number } = {},
  ): Promise<Walk> {
    const crisp = createScriptedHistory(history, server);
    const result = await fetchMessages(aSession(), { crisp, maxPages, pagingTrust }).catch(
      (error: unknown) => {
        if (error instanceof JobError) return error;
        throw error;
      },
    );
    return { result, cursors: crisp.cursors };
  }

  describe('a server that tells 206 from 200', () => {
    test.each([
      ['100 messages in pages of 20 are six pages, because each re-reads one millisecond', 100, 6],
      ['a short conversation is one page', 19, 1],
      ['an empty conversation is complete', 0, 1],
    ])('%s', async (_, count, pages) => {
      const messages = spaced(count);
      expect((await walk(messages, STRICT)).result).toEqual({ messages, pages, terminatedBy: 'http_200' });
    });

    test.each(['strict', 'inclusive'] as const)(
      'two equal timestamps across every page edge (%s)',
      async (boundary) => {
        const history = aHistory(Array.from({ length: 100 }, (_, index) => START_MS + Math.ceil(index / 2)));
        const { result } = await walk(history, { ...STRICT, pageSize: 7, boundary });
        expect(result).toMatchObject({ messages: history, terminatedBy: 'http_200' });
      },
    );
  });

  describe('a 200 is believed once a 206 has been seen, or for a page of fewer than 20', () => {
    test('before that, one older page is asked for, and confirms it', async () => {
      const { result, cursors } = await walk(spaced(20), { ...STRICT, pageSize: 40 });
      expect(result).toMatchObject({ pages: 2, terminatedBy: 'http_200' });
      expect(cursors).toEqual([undefined, START_MS + 1]);
    });

    test('a 206 in another conversation is enough', async () => {
      const pagingTrust = createPagingTrust();
      await walk(spaced(100), STRICT, { pagingTrust });
      const { result } = await walk(spaced(20), { ...STRICT, pageSize: 40 }, { pagingTrust });
      expect(result).toMatchObject({ pages: 1 });
    });

    test.each([20, 21, 39, 40, 100, 400])(
      'a server that answers 200 on each of %d messages is walked to its end',
      async (count) => {
        const history = spaced(count);
        const { result } = await walk(history, ALWAYS_200);
        const expected = { messages: history, terminatedBy: count > 20 ? 'empty_page' : 'http_200' };
        expect(result).toMatchObject(expected);
      },
    );

    test('a 200 that lied is remembered, also when a 206 comes later', async () => {
      const pagingTrust = createPagingTrust();
      await walk(spaced(40), ALWAYS_200, { pagingTrust });
      await walk(spaced(40), STRICT, { pagingTrust });

      const history = spaced(60);
      const { result } = await walk(history, ALWAYS_200, { pagingTrust });

      expect(pagingTrust).toEqual({ has206BeenSeen: true, has200Lied: true });
      expect(result).toMatchObject({ messages: history });
    });
  });

  describe('what cannot be proven complete is not returned', () => {
    const stuck = { code: 'paging_stuck' };

    test.each(['strict', 'inclusive'] as const)(
      'R23 more messages in one millisecond than a page holds (%s)',
      async (boundary) => {
        const history = aHistory([START_MS - 5, ...together(21), START_MS + 5]);
        expect((await walk(history, { ...STRICT, boundary })).result).toMatchObject(stuck);
        expect((await walk(history, { ...ALWAYS_200, boundary })).result).toMatchObject(stuck);
      },
    );

    test('R23 one message less than a page in one millisecond is no problem', async () => {
      const history = aHistory([START_MS - 5, ...together(19), START_MS + 5]);
      expect((await walk(history, STRICT)).result).toMatchObject({ messages: history });
      expect((await walk(history, ALWAYS_200)).result).toMatchObject({ messages: history });
    });

    test('an inclusive server is asked from the oldest timestamp itself where two milliseconds fill a page', async () => {
      const history = aHistory([START_MS - 5, ...together(15), ...together(15, START_MS + 1)]);
      const { result, cursors } = await walk(history, { ...STRICT, boundary: 'inclusive' });
      expect(result).toMatchObject({ messages: history });
      expect(cursors).toContain(START_MS);
    });

    const page = (messages: unknown[], hasMore: boolean): MessagesPage => ({ messages, hasMore });
    const serve = async (answer: (beforeMs: number | undefined) => MessagesPage, maxPages = 50) =>
      fetchMessages(aSession(), {
        crisp: { listMessages: async (_, beforeMs) => answer(beforeMs) },
        maxPages,
        pagingTrust: createPagingTrust(),
      });

    test.each([
      ['R23 an empty page that says that there is more', () => page([], true)],
      [
        'R23 an empty page after a full one that said there was more',
        (beforeMs?: number) => page(beforeMs === undefined ? spaced(20) : [], true),
      ],
      [
        'a page without timestamps that says that there is more',
        () => page([null, { fingerprint: 1 }], true),
      ],
      ['R23 a server that ignores the cursor', () => page(spaced(20), true)],
      ['R23 a server that ignores the cursor and answers 200', () => page(spaced(20), false)],
    ])('%s', (_, answer) => expect(serve(answer)).rejects.toMatchObject(stuck));

    test('more pages than allowed', async () => {
      const capped = await walk(spaced(100), STRICT, { maxPages: 5 });
      expect(capped.result).toMatchObject({ code: 'paging_cap_reached' });
      expect((await walk(spaced(100), STRICT, { maxPages: 6 })).result).toMatchObject({ pages: 6 });
    });

    test('R7 messages that are no objects are kept on the way', async () => {
      const history = spaced(3);
      const { messages } = await serve(() => page([null, 'text', ...history], false));
      expect(messages).toEqual(expect.arrayContaining([null, 'text', ...history]));
    });
  });

  test('R23 any history on any such server: all messages in order, none twice; or stuck, where a millisecond fills a page', async () => {
    // Small gaps make equal timestamps common; a gap of 0 puts two messages into one millisecond.
    const gaps = fc.array(fc.constantFrom(0, 0, 1, 1, 2, 5), { maxLength: 180 });
    const server = fc.record({
      pageSize: fc.integer({ min: 1, max: 50 }),
      boundary: fc.constantFrom('strict' as const, 'inclusive' as const),
      statuses: fc.constantFrom('honest' as const, 'always-200' as const),
    });
    let complete = 0;

    await fc.assert(
      fc.asyncProperty(gaps, server, fc.boolean(), async (steps, options, isTrusted) => {
        fc.pre(options.statuses === 'honest' || options.pageSize >= 20);
        let timestamp = START_MS;
        const history = aHistory(steps.map((gap) => (timestamp += gap)));
        const pagingTrust = createPagingTrust();
        pagingTrust.has206BeenSeen = isTrusted && options.statuses === 'honest';

        const { result } = await walk(history, options, { pagingTrust });

        if (result instanceof JobError) {
          expect(result.code).toBe('paging_stuck');
          expect(longestRun(history)).toBeGreaterThanOrEqual(options.pageSize);
          return;
        }
        complete += 1;
        expect(result.messages).toEqual(history);
      }),
      { numRuns: 1_500 },
    );
    expect(complete).toBeGreaterThan(1_000);
  });

  test('any history whose fingerprints repeat, on any such server: no message is lost, and none comes twice', async () => {
    const said = fc.record({
      gap: fc.constantFrom(0, 0, 1, 2),
      fingerprint: fc.constantFrom<number | string>(1, 2, '1', 2 ** 53, 2 ** 53 + 2),
      type: fc.constantFrom('text', 'note'),
      from: fc.constantFrom('user', 'operator'),
    });
    const server = fc.record({
      pageSize: fc.integer({ min: 20, max: 40 }),
      boundary: fc.constantFrom('strict' as const, 'inclusive' as const),
      statuses: fc.constantFrom('honest' as const, 'always-200' as const),
    });

    await fc.assert(
      fc.asyncProperty(fc.array(said, { maxLength: 120 }), server, async (steps, options) => {
        let timestamp = START_MS;
        const history = steps.map(({ gap, ...rest }, content) => {
          timestamp += gap;
          return { ...rest, content, timestamp };
        });

        const { result } = await walk(history, options);

        if (result instanceof JobError) return expect(result.code).toBe('paging_stuck');
        expect(result.messages).toHaveLength(history.length);
        expect(result.messages).toEqual(expect.arrayContaining(history));
      }),
      { numRuns: 300 },
    );
  });

  function longestRun(history: readonly HistoryMessage[]): number {
    const counts = new Map<number, number>();
    for (const { timestamp } of history) counts.set(timestamp, (counts.get(timestamp) ?? 0) + 1);
    return Math.max(0, ...counts.values());
  }
});
