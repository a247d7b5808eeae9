import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SessionRef } from '../../../lib/ids.ts';
import type { CrispConversation, CrispMessage } from '../../../lib/local/simulator/model.ts';
import { selectMessages } from '../../../lib/local/simulator/routes.ts';
import { startSimulator } from './support/start-simulator.ts';

type Page = { status: number; data: CrispMessage[] };

async function startWithMessages(
  timestamps: readonly number[],
  switches: Record<string, string | number> = {},
): Promise<{ read: (query?: string) => Promise<Page> }> {
  const { simulator, get } = await startSimulator();
  for (const [name, position] of Object.entries(switches)) simulator.setSwitch(name, position);
  const session = simulator.startConversation();
  for (const timestamp of timestamps)
    simulator.sendMessage(session, { timestamp, content: String(timestamp) });

  return {
    read: async (query = '') => {
      const { status, data } = await get(`conversation/${session.sessionId}/messages${query}`);
      // A page of messages is a list of them; where it is not, the comparison fails.
      return { status, data: data as CrispMessage[] };
    },
  };
}

const contents = ({ data }: Page) => data.map(({ content }) => Number(content));
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('without a cursor the newest page comes, oldest first, with 206 while older messages exist', async () => {
  const { read } = await startWithMessages(range(1, 21));

  const newest = await read();
  const rest = await read('?timestamp_before=2');

  expect(newest.status).toBe(206);
  expect(contents(newest)).toEqual(range(2, 21));
  expect(rest.status).toBe(200);
  expect(contents(rest)).toEqual([1]);
});

test('a page that ends exactly with the oldest message answers 200', async () => {
  const { read } = await startWithMessages(range(1, 40));

  expect(await read('?timestamp_before=21')).toMatchObject({ status: 200, data: { length: 20 } });
});

test('an empty conversation has one empty page', async () => {
  const { read } = await startWithMessages([]);

  expect(await read()).toEqual({ status: 200, data: [] });
});

test.each([
  ['strict', [1, 2], [4, 5]],
  ['inclusive', [1, 2, 3], [3, 4, 5]],
])(
  'a %s boundary decides whether a cursor’s own millisecond belongs to the page',
  async (position, before, after) => {
    const { read } = await startWithMessages(range(1, 5), { timestampBoundary: position });

    expect(contents(await read('?timestamp_before=3'))).toEqual(before);
    expect(contents(await read('?timestamp_after=3'))).toEqual(after);
  },
);

test('timestamp_after reads forward: the page next to the cursor, with 206 while newer messages exist', async () => {
  const { read } = await startWithMessages(range(1, 50));

  const page = await read('?timestamp_after=10');

  expect(page.status).toBe(206);
  expect(contents(page)).toEqual(range(11, 30));
  expect((await read('?timestamp_after=30')).status).toBe(200);
});

test('timestamp_around has its message in the middle', async () => {
  const { read } = await startWithMessages(range(1, 50), { messagesPageSize: 7 });

  expect(contents(await read('?timestamp_around=25'))).toEqual(range(22, 28));
});

test('where Crisp would not tell, every page answers 200', async () => {
  const { read } = await startWithMessages(range(1, 50), { messagesStatus: 'always-200' });

  expect((await read()).status).toBe(200);
});

test.each([
  '?timestamp_before=1&timestamp_after=2',
  '?timestamp_before=1&timestamp_around=2',
  '?timestamp_before=yesterday',
  '?timestamp_after=-1',
  '?timestamp_before=',
])('the cursor %s is refused as invalid_data', async (query) => {
  const { simulator, get } = await startSimulator();
  const session = simulator.startConversation();

  expect(await get(`conversation/${session.sessionId}/messages${query}`)).toMatchObject({
    status: 400,
    reason: 'invalid_data',
  });
});

// The loop for any server: re-read the oldest millisecond and drop what was seen.
async function readAll(readPage: (before?: number) => Promise<Page>, isHonest: boolean): Promise<number[]> {
  const seen = new Map<number, CrispMessage>();
  let before = Number.POSITIVE_INFINITY;
  for (;;) {
    const { status, data } = await readPage(before === Number.POSITIVE_INFINITY ? undefined : before);
    if (data.length === 0) break;
    const known = seen.size;
    for (const message of data) seen.set(message.fingerprint, message);
    if (isHonest && status === 200) break;
    const oldest = Math.min(...data.map(({ timestamp }) => timestamp));
    // Nothing new came: step past this millisecond, which is whole by now.
    const next = seen.size === known ? oldest - 1 : oldest + 1;
    if (next >= before && seen.size === known) break;
    before = next;
  }
  return [...seen.keys()].toSorted((a, b) => a - b);
}

test('whatever the positions and however timestamps coincide, a careful reader gets every message once', async () => {
  const anyMessages = fc
    .array(fc.integer({ min: 1, max: 60 }), { maxLength: 90 })
    // A page must hold two neighbouring milliseconds whole, else no reader of such a server can get past them.
    .filter((timestamps) =>
      [...Map.groupBy(timestamps, (t) => t).values()].every(({ length }) => length <= 2),
    );
  const anyPositions = fc.record({
    pageSize: fc.constantFrom(5, 7, 20),
    boundary: fc.constantFrom('strict' as const, 'inclusive' as const),
    isHonest: fc.boolean(),
  });

  await fc.assert(
    fc.asyncProperty(anyMessages, anyPositions, async (timestamps, { pageSize, boundary, isHonest }) => {
      const messages = timestamps
        .toSorted((a, b) => a - b)
        // Only what paging looks at.
        .map((timestamp, fingerprint) => ({ timestamp, fingerprint }) as CrispMessage);

      const collected = await readAll(async (before) => {
        const cursor =
          before === undefined ? { kind: 'newest' as const } : { kind: 'before' as const, timestamp: before };
        const page = selectMessages(messages, cursor, { pageSize, boundary });
        return { status: page.hasMore && isHonest ? 206 : 200, data: [...page.messages] };
      }, isHonest);

      expect(collected).toEqual(messages.map(({ fingerprint }) => fingerprint));
    }),
  );
});

async function startWithConversations(count: number) {
  const started = await startSimulator();
  const refs = new Map<number, SessionRef>();
  for (let index = 0; index < count; index += 1) {
    const session = started.simulator.startConversation({ sessionId: `session_${index}` });
    refs.set(index, session);
    started.simulator.sendMessage(session, { content: `message ${index}` });
    await started.clock.advance(1000);
  }
  const list = async (query = '', page = 1) => {
    const { status, reason, data } = await started.get(`conversations/${page}${query}`);
    const ids = Array.isArray(data) ? data.map(({ session_id }: CrispConversation) => session_id) : [];
    return { status, reason, ids };
  };
  const ref = (index: number) => refs.get(index) ?? expect.fail(`no conversation ${index}`);
  return { ...started, list, ref };
}

const ids = (...numbers: number[]) => numbers.map((number) => `session_${number}`);
const countdown = (from: number, to: number) =>
  Array.from({ length: from - to + 1 }, (_, index) => from - index);

test('the newest update comes first, 206 while there are more pages, an empty page behind the end', async () => {
  const { simulator, list, ref } = await startWithConversations(45);
  simulator.changeConversation(ref(3), { subject: 'moves to the front' });

  const pages = [await list(), await list('', 2), await list('', 3), await list('', 4)];

  expect(pages.map(({ status }) => status)).toEqual([206, 206, 200, 200]);
  expect(pages.map(({ ids: found }) => found.length)).toEqual([20, 20, 5, 0]);
  expect(pages[0]?.ids.slice(0, 3)).toEqual(ids(3, 44, 43));
  expect(new Set(pages.flatMap(({ ids: found }) => found)).size).toBe(45);
});

test('a list that was read before follows every change', async () => {
  const { simulator, list, ref } = await startWithConversations(3);
  const found = async () => (await list('?filter_not_resolved=1')).ids;

  const before = await found();
  simulator.setState(ref(1), 'resolved');
  const resolved = await found();
  simulator.removeConversation(ref(2));
  const removed = await found();
  simulator.sendMessage(simulator.startConversation({ sessionId: 'session_3' }));

  expect(before).toEqual(ids(2, 1, 0));
  expect(resolved).toEqual(ids(2, 0));
  expect(removed).toEqual(ids(0));
  expect(await found()).toEqual(ids(3, 0));
});

test('behind the end there may be a 404 instead', async () => {
  const { simulator, list } = await startWithConversations(1);
  simulator.setSwitch('pageBeyondEnd', 'not-found');

  expect(await list('', 1)).toMatchObject({ status: 200 });
  expect(await list('', 2)).toMatchObject({ status: 404 });
});

test('per_page goes from 20 to 50; outside it is clamped', async () => {
  const { list } = await startWithConversations(60);

  expect((await list('?per_page=50')).ids).toHaveLength(50);
  expect((await list('?per_page=200')).ids).toHaveLength(50);
  expect((await list('?per_page=1')).ids).toHaveLength(20);
  expect((await list('?per_page=50')).status).toBe(206);
});

test('order_date_created keeps its order when conversations change', async () => {
  const { simulator, list, ref } = await startWithConversations(5);

  simulator.sendMessage(ref(1));

  expect((await list('?order_date_created=1')).ids).toEqual(ids(...countdown(4, 0)));
  expect((await list('?order_date_updated=1')).ids).toEqual(ids(1, 4, 3, 2, 0));
});

test('order_date_waiting begins with who has waited longest', async () => {
  const { simulator, list, ref } = await startWithConversations(3);

  simulator.sendMessage(ref(0), { from: 'operator' });

  expect((await list('?order_date_waiting=1')).ids).toEqual(ids(1, 2, 0));
});

test('conversations without messages are hidden unless include_empty asks for them', async () => {
  const { simulator, list } = await startWithConversations(1);
  simulator.startConversation({ sessionId: 'session_empty' });

  expect((await list()).ids).toEqual(ids(0));
  expect((await list('?include_empty=1')).ids).toEqual(['session_empty', 'session_0']);
});

test('each filter keeps what it names', async () => {
  const { simulator, list, ref } = await startWithConversations(4);
  simulator.setState(ref(0), 'resolved');
  simulator.changeConversation(ref(1), { routing_id: 'operator-1' });
  simulator.changeConversation(ref(2), { mentions: ['operator-1'] });
  simulator.changeConversation(ref(3), { inbox_id: 'inbox-1' });
  simulator.acknowledge(ref(3), { kind: 'read' });
  const found = async (query: string) => (await list(query)).ids.toSorted();

  expect(await found('?filter_resolved=1')).toEqual(ids(0));
  expect(await found('?filter_not_resolved=1')).toEqual(ids(1, 2, 3));
  expect(await found('?filter_assigned=operator-1')).toEqual(ids(1));
  expect(await found('?filter_unassigned=1')).toEqual(ids(0, 2, 3));
  expect(await found('?filter_mention=1')).toEqual(ids(2));
  expect(await found('?filter_inbox_id=inbox-1')).toEqual(ids(3));
  expect(await found('?filter_unread=1')).toEqual(ids(0, 1, 2));
  expect(await found('?filter_resolved=1&filter_unassigned=1')).toEqual(ids(0));
});

test('filter_date holds against the update', async () => {
  const { simulator, list, clock, ref } = await startWithConversations(3);
  const afterStart = new Date(clock.nowMs()).toISOString();
  simulator.sendMessage(ref(0));

  expect((await list(`?filter_date_start=${afterStart}`)).ids).toEqual(ids(0));
  expect((await list(`?filter_date_end=${afterStart}`)).ids).toEqual(ids(0, 2, 1));
});

test.each(['?filter_date_start=yesterday', '?per_page=many', '?search_query=teapot'])(
  'the list %s is refused as invalid_data',
  async (query) => {
    const { list } = await startWithConversations(0);

    expect(await list(query)).toMatchObject({ status: 400, reason: 'invalid_data' });
  },
);
