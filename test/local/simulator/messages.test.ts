import fc from 'fast-check';
import { expect, test } from 'vitest';
import { selectMessages } from '../../../lib/local/simulator/http/routes/select-messages.ts';
import type { CrispMessage } from '../../../lib/local/simulator/model/message.ts';
import { type StartedSimulator, startSimulator } from './support/start-simulator.ts';

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

test('seeded conversations share timestamps at exactly the places that were asked for', async () => {
  const { simulator }: StartedSimulator = await startSimulator();

  const [session] = simulator.seedConversations({ conversations: 1, messages: 61, equalTimestampsEvery: 20 });

  const times = session
    ? simulator.readConversation(session)?.messages.map(({ timestamp }) => timestamp)
    : [];
  const twins = times?.flatMap((timestamp, index) =>
    timestamp === times[index + 1] ? [61 - 1 - index] : [],
  );
  expect(twins).toEqual([60, 40, 20]);
});
