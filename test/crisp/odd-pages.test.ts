import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MessagesPage } from '../../lib/crisp/client.ts';
import { createPagingTrust, fetchMessages } from '../../lib/crisp/paging.ts';
import { aSession } from '../support/builders.ts';
import {
  aHistory,
  createScriptedHistory,
  type HistoryMessage,
  type HistoryOptions,
} from '../support/crisp.ts';

const START_MS = 1_790_856_000_000;
const SERVER: HistoryOptions = { pageSize: 20, boundary: 'strict', statuses: 'honest' };
const hundred = aHistory(Array.from({ length: 100 }, (_, index) => START_MS + index * 1_000));

type Arrange = (page: readonly HistoryMessage[], request: number) => readonly HistoryMessage[];

/** The messages of a history whose pages a server arranges in its own way; or the code of the failure. */
async function read(
  history: readonly HistoryMessage[],
  arrange: Arrange,
  server: Partial<HistoryOptions> = {},
) {
  const scripted = createScriptedHistory(history, { ...SERVER, ...server });
  let requests = 0;
  const listMessages = async (session: unknown, beforeMs?: number) => {
    const { messages, hasMore } = await scripted.listMessages(session, beforeMs);
    requests += 1;
    return { messages: arrange(messages as HistoryMessage[], requests), hasMore };
  };
  const pagingTrust = createPagingTrust();
  const reading = fetchMessages(aSession(), { crisp: { listMessages }, maxPages: 200, pagingTrust });
  const messages = await reading.then(
    (fetched) => fetched.messages,
    (error) => error.code,
  );
  return { messages, requests };
}

const swapped: Arrange = (page) => [...page.slice(10), ...page.slice(0, 10)];

describe('R27 pages that are not in time order', () => {
  test.each([
    ['newest first', (page) => page.toReversed(), 6],
    // One look more for each page whose oldest timestamp alone proves nothing.
    ['their halves swapped', swapped, 11],
  ] satisfies [string, Arrange, number][])('are read whole: %s', async (_, arrange, requests) => {
    expect(await read(hundred, arrange)).toEqual({ messages: hundred, requests });
    expect(await read(hundred, arrange, { boundary: 'inclusive' })).toMatchObject({ messages: hundred });
    expect(await read(hundred, arrange, { statuses: 'always-200' })).toMatchObject({ messages: hundred });
  });

  const old = hundred.slice(0, 1);

  const onPage =
    (number: number, arrange: Arrange): Arrange =>
    (page, request) =>
      request === number ? arrange(page, request) : page;
  test.each([
    ['an old message among the newest', onPage(1, (page) => [...page.slice(0, 9), ...old, ...page.slice(9)])],
    ['an old message at the end of the newest', onPage(1, (page) => [...page, ...old])],
    ['more old ones than new ones', onPage(1, (page) => [...page.slice(12), ...hundred.slice(0, 12)])],
    ['an old message among those of a later page', onPage(3, (page) => [...page, ...old])],
  ] satisfies [string, Arrange][])('are never the whole with a hole in it: %s', async (_, arrange) => {
    const stuck = { messages: 'paging_stuck' };
    for (const boundary of ['strict', 'inclusive'] as const)
      for (const statuses of ['honest', 'always-200'] as const)
        expect(await read(hundred, arrange, { boundary, statuses })).toMatchObject(stuck);
  });

  test('by which a server hides what it received late are stuck', async () => {
    // Imported last, dated long ago: this server gives out the messages in the order in which it received them.
    const imported = [...hundred.slice(1), ...old];

    expect(await read(imported, (page) => page)).toMatchObject({ messages: 'paging_stuck' });
  });

  test('in any order whatever, chosen by time: all messages, none twice', async () => {
    const gaps = fc.array(fc.constantFrom(1, 2, 5, 900), { minLength: 1, maxLength: 150 });
    const server = fc.record({
      boundary: fc.constantFrom('strict' as const, 'inclusive' as const),
      statuses: fc.constantFrom('honest' as const, 'always-200' as const),
      pageSize: fc.integer({ min: 20, max: 40 }),
    });

    await fc.assert(
      fc.asyncProperty(
        gaps,
        server,
        fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
        async (steps, options, keys) => {
          let timestamp = START_MS;
          const history = aHistory(
            steps.map((gap) => {
              timestamp += gap;
              return timestamp;
            }),
          );
          const arrange: Arrange = (page) =>
            page
              .map((message, place) => ({ message, key: keys[place] ?? 0 }))
              .sort((a, b) => a.key - b.key)
              .map(({ message }) => message);

          expect((await read(history, arrange, options)).messages).toEqual(history);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('R27 a page that does not join on to the one before', () => {
  const fetchFrom = (listMessages: (_: unknown, beforeMs?: number) => Promise<MessagesPage>) =>
    fetchMessages(aSession(), { crisp: { listMessages }, maxPages: 50, pagingTrust: createPagingTrust() });

  test('is stuck where the server leaves one out', async () => {
    const skipping = async (_: unknown, beforeMs = Infinity) => {
      const older = hundred.filter(({ timestamp }) => timestamp < beforeMs);
      const messages = beforeMs === Infinity ? older.slice(-20) : older.slice(-40, -20);
      return { messages, hasMore: older.length > 40 };
    };
    await expect(fetchFrom(skipping)).rejects.toMatchObject({ code: 'paging_stuck' });
  });

  test('is asked for from further up where the oldest message was deleted meanwhile', async () => {
    const history = [...hundred];
    const arrange: Arrange = (page, request) => {
      if (request === 1) history.splice(80, 1);
      return page;
    };

    expect((await read(history, arrange)).messages).toHaveLength(100);
  });

  test('is asked for from further up where the server counts in seconds', async () => {
    const history = aHistory(Array.from({ length: 100 }, (_, index) => START_MS + index * 300));
    const { messages } = await fetchFrom(async (_, beforeMs = Infinity) => {
      const older = history.filter(({ timestamp }) => timestamp < Math.floor(beforeMs / 1000) * 1000);
      return { messages: older.slice(-20), hasMore: older.length > 20 };
    });

    expect(messages).toEqual(history);
  });
});
