import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ListedPart } from '../../lib/crisp/client.ts';
import { walkConversations } from '../../lib/crisp/conversation-list.ts';
import { startSimulator } from '../local/simulator/support/start-simulator.ts';
import { aSession, WEBSITE_ID } from '../support/builders.ts';
import { aCrispClient } from '../support/crisp.ts';

const FROM_MS = 1_790_000_000_000;
const TO_MS = FROM_MS + 3_600_000;

interface Entry {
  readonly id: string;
  updatedMs: number;
  readonly createdMs: number;
}

interface FakeListOptions {
  /** Which date Crisp's filter means; undefined: it knows none. */
  readonly dates?: 'updated' | 'created';
  /** What happens before each page. */
  readonly meanwhile?: (entries: Entry[]) => void;
  readonly page?: (page: number) => number;
}

/** Crisp's list over entries of a test, in pages of 50. */
function createFakeList(entries: Entry[], options: FakeListOptions = {}) {
  const asked: ListedPart[] = [];
  return {
    asked,
    async listConversations(_website: unknown, part: ListedPart) {
      options.meanwhile?.(entries);
      asked.push(part);
      const { updatedByMs: endMs = Number.POSITIVE_INFINITY } = part;
      const dateOf = (entry: Entry) => (options.dates === 'created' ? entry.createdMs : entry.updatedMs);
      const found = entries
        .filter((entry) => options.dates === undefined || dateOf(entry) <= endMs)
        .sort((a, b) => b.updatedMs - a.updatedMs);
      const start = ((options.page?.(part.page) ?? part.page) - 1) * 50;
      const items = found
        .slice(start, start + 50)
        .map(({ id, updatedMs }) => ({ session_id: id, website_id: WEBSITE_ID, updated_at: updatedMs }));
      return { items, hasMore: found.length > start + 50 };
    },
  };
}

function toEntries(count: number, toUpdatedMs: (index: number) => number): Entry[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `session_${index}`,
    updatedMs: toUpdatedMs(index),
    createdMs: toUpdatedMs(index) - 30 * 86_400_000,
  }));
}

async function listAll(crisp: ReturnType<typeof createFakeList>, mayAsk = async () => true) {
  const ids: string[] = [];
  const { websiteId } = aSession();
  const window = { websiteId, fromMs: FROM_MS, toMs: TO_MS };
  const walk = walkConversations({ crisp, window, mayAsk });
  for (let page = await walk.next(); ; page = await walk.next()) {
    if (page.done) return { ids, isWhole: page.value };
    ids.push(...page.value.conversations.map(({ sessionId }) => sessionId));
  }
}

const spread = (index: number) => FROM_MS + 1000 + index * 2500;

describe('a list by date', () => {
  test('every conversation of the window once, and none beside it, for a request in 45', async () => {
    const inside = toEntries(1000, spread);
    const outside = [
      { id: 'session_before', updatedMs: FROM_MS - 1, createdMs: 0 },
      { id: 'session_after', updatedMs: TO_MS + 1, createdMs: 0 },
    ];
    const list = createFakeList([...inside, ...outside], { dates: 'updated' });

    const { ids, isWhole } = await listAll(list);

    expect(isWhole).toBe(true);
    expect(ids.toSorted()).toEqual(inside.map(({ id }) => id).sort());
    expect(list.asked).toHaveLength(23);
    expect(list.asked.every(({ page }) => page === 1)).toBe(true);
  });

  test('an empty window is one request', async () => {
    const list = createFakeList([], { dates: 'updated' });
    expect(await listAll(list)).toEqual({ ids: [], isWhole: true });
    expect(list.asked).toHaveLength(1);
  });

  test('it ends where nothing more may be asked', async () => {
    const list = createFakeList(toEntries(200, spread), { dates: 'updated' });
    let left = 2;
    const { ids, isWhole } = await listAll(list, async () => {
      left -= 1;
      return left >= 0;
    });
    expect({ listed: ids.length, isWhole }).toEqual({ listed: 95, isWhole: false });
  });
});

describe('a list that cannot be cut by the date of the update', () => {
  test.each([
    ['more than a page was updated in one second', 'updated' as const, () => TO_MS - 5000],
    ['the filter means the date of creation', 'created' as const, spread],
    ['there is no filter', undefined, spread],
  ])('is read by page numbers: %s', async (_title, dates, toUpdatedMs) => {
    const entries = toEntries(230, toUpdatedMs);
    const { ids, isWhole } = await listAll(createFakeList(entries, dates ? { dates } : {}));
    expect(isWhole).toBe(true);
    expect(ids.toSorted()).toEqual(entries.map(({ id }) => id).sort());
  });

  test('a page that repeats ends the walk with a clear failure', async () => {
    const list = createFakeList(toEntries(230, spread), { page: () => 1 });
    const expected = { code: 'paging_stuck', hint: expect.stringContaining('page 3') };
    await expect(listAll(list)).rejects.toMatchObject(expected);
    expect(list.asked.length).toBeLessThan(6);
  });
});

test('whatever is updated or removed while it is read, nothing that stays in the window is lost', async () => {
  const change = fc.record({ at: fc.nat(400), kind: fc.constantFrom('update', 'remove', 'none') });
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 60 }),
      fc.constantFrom('updated' as const, 'created' as const, undefined),
      fc.constantFrom(1, 20, 1000),
      async (changes, dates, perSecond) => {
        const entries = toEntries(260, (index) => FROM_MS + 1000 + Math.floor(index / perSecond) * 1300);
        const moved = new Set<string>();
        const queue = changes.values();
        const list = createFakeList(entries, {
          ...(dates && { dates }),
          meanwhile(now) {
            const { value } = queue.next();
            if (value === undefined || value.kind === 'none') return;
            const index = value.at % now.length;
            const [entry] = value.kind === 'remove' ? now.splice(index, 1) : [now[index]];
            if (!entry) return;
            moved.add(entry.id);
            if (value.kind === 'update') entry.updatedMs = TO_MS + 10_000;
          },
        });
        const { ids } = await listAll(list);
        expect(entries.filter(({ id }) => !moved.has(id) && !ids.includes(id))).toEqual([]);
      },
    ),
    { numRuns: 150 },
  );
});

test('our client walks the list of the simulated Crisp', async () => {
  const { simulator, server, clock } = await startSimulator();
  const sessions = simulator.seedConversations({ conversations: 130, messages: 1 });
  for (const [index, session] of sessions.entries()) {
    const stored = simulator.readConversation(session);
    if (stored) stored.conversation.updated_at = clock.nowMs() - index * 1000;
  }
  const options = { maxResponseBytes: 10_000_000, token: simulator.account.token };
  const crisp = aCrispClient(new URL(`${server.url}/v1`), options);
  const window = { websiteId: simulator.websiteId, fromMs: clock.nowMs() - 99_000, toMs: clock.nowMs() };
  const listed: string[] = [];
  for await (const { conversations } of walkConversations({ crisp, window, mayAsk: async () => true }))
    listed.push(...conversations.map(({ sessionId }) => sessionId));
  await crisp.close();

  expect(listed).toEqual(sessions.slice(0, 100).map(({ sessionId }) => sessionId));
});
