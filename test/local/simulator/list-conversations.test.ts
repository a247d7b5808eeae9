import { expect, test } from 'vitest';
import type { CrispConversation } from '../../../lib/local/simulator/model/conversation.ts';
import { startSimulator } from './support/start-simulator.ts';

async function startWithConversations(count: number) {
  const started = await startSimulator();
  for (let index = 0; index < count; index += 1) {
    const session = started.simulator.startConversation({ sessionId: `session_${index}` });
    started.simulator.sendMessage(session, { content: `message ${index}` });
    await started.clock.advance(1000);
  }
  const list = async (query = '', page = 1) => {
    const { status, reason, data } = await started.get(`conversations/${page}${query}`);
    const ids = Array.isArray(data) ? data.map(({ session_id }: CrispConversation) => session_id) : [];
    return { status, reason, ids };
  };
  return { ...started, list, ref: (index: number) => toRef(started.simulator.websiteId, index) };
}

function toRef(websiteId: unknown, index: number) {
  // The ids were given to the simulator above, which checked them.
  return { websiteId, sessionId: `session_${index}` } as Parameters<
    Awaited<ReturnType<typeof startSimulator>>['simulator']['setState']
  >[0];
}

const ids = (...numbers: number[]) => numbers.map((number) => `session_${number}`);
const countdown = (from: number, to: number) =>
  Array.from({ length: from - to + 1 }, (_, index) => from - index);

test('the newest update comes first, 206 while there are more pages, an empty page behind the end', async () => {
  const { simulator, list, ref } = await startWithConversations(45);
  simulator.setMeta(ref(3), { subject: 'moves to the front' });

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

test('per_page goes from 20 to 50; outside it is clamped or refused', async () => {
  const { simulator, list } = await startWithConversations(60);

  expect((await list('?per_page=50')).ids).toHaveLength(50);
  expect((await list('?per_page=200')).ids).toHaveLength(50);
  expect((await list('?per_page=1')).ids).toHaveLength(20);
  simulator.setSwitch('perPageOutOfRange', 'refused');
  expect(await list('?per_page=51')).toMatchObject({ status: 400, reason: 'invalid_data' });
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
  simulator.changeConversation(ref(1), 'routing', { userId: 'operator-1' });
  simulator.changeConversation(ref(2), 'mentions', { mentions: ['operator-1'] });
  simulator.changeConversation(ref(3), 'inbox', { inboxId: 'inbox-1' });
  simulator.acknowledge(ref(3), { kind: 'read' });
  simulator.setMeta(ref(2), { segments: ['press'] });
  const found = async (query: string) => (await list(query)).ids.toSorted();

  expect(await found('?filter_resolved=1')).toEqual(ids(0));
  expect(await found('?filter_not_resolved=1')).toEqual(ids(1, 2, 3));
  expect(await found('?filter_assigned=operator-1')).toEqual(ids(1));
  expect(await found('?filter_unassigned=1')).toEqual(ids(0, 2, 3));
  expect(await found('?filter_mention=1')).toEqual(ids(2));
  expect(await found('?filter_inbox_id=inbox-1')).toEqual(ids(3));
  expect(await found('?filter_unread=1')).toEqual(ids(0, 1, 2));
  expect(await found('?search_type=segment&search_query=press')).toEqual(ids(2));
  expect(await found('?search_type=text&search_query=MESSAGE%203')).toEqual(ids(3));
  expect(await found('?filter_resolved=1&filter_unassigned=1')).toEqual(ids(0));
});

test('filter_date holds against the update, or against the creation', async () => {
  const { simulator, list, clock, ref } = await startWithConversations(3);
  const afterStart = new Date(clock.nowMs()).toISOString();
  simulator.sendMessage(ref(0));

  expect((await list(`?filter_date_start=${afterStart}`)).ids).toEqual(ids(0));
  expect((await list(`?filter_date_end=${afterStart}`)).ids).toEqual(ids(0, 2, 1));
  simulator.setSwitch('filterDateField', 'created');
  expect((await list(`?filter_date_start=${afterStart}`)).ids).toEqual([]);
});

test.each([
  ['?filter_date_start=yesterday', 'invalid_data'],
  ['?per_page=many', 'invalid_data'],
  [`?search_query=${'x'.repeat(257)}`, 'search_query_too_long'],
  ['?search_type=filter&search_query=[]', 'invalid_data'],
])('the list %s is refused', async (query, reason) => {
  const { list } = await startWithConversations(0);

  expect(await list(query)).toMatchObject({ status: 400, reason });
});

test('filters may need a plan that the workspace does not have', async () => {
  const { simulator, list } = await startWithConversations(1);
  simulator.setSwitch('listFilterPlan', 'upgrade-required');

  expect(await list('?filter_resolved=1')).toMatchObject({
    status: 402,
    reason: 'subscription_upgrade_required',
  });
  expect(await list('?order_date_created=1')).toMatchObject({ status: 200 });
});
