import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { JobError } from '../../lib/errors.ts';
import type { PersonRef } from '../../lib/ids.ts';
import { listChangedPeople, notePersonChanged, toPersonItem } from '../../lib/ledger/people-notes.ts';
import { toItemUpdate } from '../../lib/ledger/table.ts';
import { type PeopleContext, refreshPeople } from '../../lib/operate/people.ts';
import { inLanes } from '../../lib/queue/pace.ts';
import { createEnqueueSessions } from '../../lib/queue/sessions-queue.ts';
import { aPerson, aSession, OTHER_WEBSITE_ID } from '../support/builders.ts';
import { startEmbeddedLedger } from '../support/embedded-aws.ts';
import { createMemorySessionBatches } from '../support/memory.ts';
import { createVirtualClock, untilSettled } from '../support/virtual-clock.ts';

let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

beforeEach(async () => {
  ledger = await startEmbeddedLedger();
  onTestFinished(ledger.stop);
});

/** The ledger of the embedded DynamoDB and a queue in memory; time passes as the work sleeps. */
function createPeopleScene() {
  const clock = createVirtualClock();
  const batches = createMemorySessionBatches();
  const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };
  const state = { spare: 1_000_000, visible: 0, isRefusing: false, onPlan() {} };
  const stop = new AbortController();
  const context: PeopleContext = {
    ledger,
    enqueue: createEnqueueSessions({
      batches: {
        async sendAll(jobs) {
          if (!state.isRefusing) return batches.sendAll(jobs);
          return jobs.map(() => ({ outcome: 'failed', code: 'throttled', mayRetry: true }));
        },
      },
      coalesce,
      clock,
    }),
    queueReader: {
      describe: async () => ({
        visible: state.visible,
        inFlight: 0,
        delayed: 0,
        retentionSeconds: undefined,
      }),
    },
    quota: {
      read: async () => undefined,
      async plan(calls) {
        state.onPlan();
        const granted = Math.min(calls, state.spare);
        state.spare -= granted;
        return granted;
      },
    },
    fetchesPerSecond: 10,
    clock,
  };
  return {
    clock,
    state,
    stop,
    context,
    /** What the queue has, as `session mode`. */
    enqueued: () => batches.sent.map(({ job }) => `${job.sessionId} ${job.mode}`),
    websites: () => batches.sent.map(({ job }) => job.websiteId),
    async give(person: PersonRef, count: number) {
      const items = Array.from({ length: count }, (_, index) => {
        const { sessionId } = aSession(`session_${String(index).padStart(5, '0')}`);
        return toPersonItem({ ...person, sessionId, updatedMs: clock.nowMs() });
      });
      const requests = Array.from({ length: Math.ceil(count / 25) }, (_, page) =>
        items.slice(page * 25, page * 25 + 25).map((Item) => ({ PutRequest: { Item } })),
      );
      await inLanes(requests, 5, async (request) => {
        await ledger.client.send(new BatchWriteItemCommand({ RequestItems: { [ledger.table]: request } }));
      });
    },
    change: (person: PersonRef) =>
      notePersonChanged({ update: toItemUpdate(ledger.client), table: ledger.table }, person, clock.nowMs()),
    run: () => untilSettled(clock, refreshPeople(context, stop.signal)),
    waiting: () => listChangedPeople(ledger),
  };
}

test('every conversation of a person whose profile changed is enqueued in full, once', async () => {
  const scene = createPeopleScene();
  await scene.give(aPerson(1), 3);
  await scene.give(aPerson(2), 2);
  await scene.change(aPerson(1));

  expect(await scene.run()).toEqual({ people: 1, waiting: 0, enqueued: 3, ended: 'complete' });
  expect(scene.enqueued()).toEqual(['session_00000 full', 'session_00001 full', 'session_00002 full']);
  expect(scene.state.spare).toBe(1_000_000 - 3 * 3);
  expect(await scene.run()).toEqual({ people: 0, waiting: 0, enqueued: 0, ended: 'complete' });
});

test('a person of whom nothing is known is done', async () => {
  const scene = createPeopleScene();
  await scene.change(aPerson(1));
  expect(await scene.run()).toEqual({ people: 1, waiting: 0, enqueued: 0, ended: 'complete' });
  expect(await scene.waiting()).toEqual([]);
});

test('of two websites with the same person, the one whose profile changed is refreshed', async () => {
  const scene = createPeopleScene();
  await scene.give(aPerson(1), 1);
  await scene.give(aPerson(1, OTHER_WEBSITE_ID), 2);
  await scene.change(aPerson(1, OTHER_WEBSITE_ID));
  await scene.run();

  expect(scene.websites()).toEqual([OTHER_WEBSITE_ID, OTHER_WEBSITE_ID]);
});

test('an event that is delivered again before the run costs nothing more', async () => {
  const scene = createPeopleScene();
  await scene.give(aPerson(1), 2);
  for (let delivery = 0; delivery < 3; delivery += 1) await scene.change(aPerson(1));
  expect(await scene.run()).toMatchObject({ people: 1, enqueued: 2 });
});

test('what the spare calls do not allow waits, and is done on another day from where it ended', async () => {
  const scene = createPeopleScene();
  scene.state.spare = 2 * 3 + 2;
  await scene.give(aPerson(1), 5);
  await scene.change(aPerson(1));

  expect(await scene.run()).toEqual({ people: 0, waiting: 1, enqueued: 2, ended: 'budget' });
  expect(await scene.run()).toEqual({ people: 0, waiting: 1, enqueued: 0, ended: 'budget' });
  scene.state.spare = 100;
  expect(await scene.run()).toEqual({ people: 1, waiting: 0, enqueued: 3, ended: 'complete' });
  expect(scene.enqueued()).toEqual([0, 1, 2, 3, 4].map((index) => `session_0000${index} full`));
});

test('of a person with 1,000 conversations 50 are enqueued in a run, and somebody with one does not wait', async () => {
  const scene = createPeopleScene();
  await scene.give(aPerson(1), 1_000);
  await scene.give(aPerson(2), 1);
  await scene.change(aPerson(1));
  expect(await scene.run()).toEqual({ people: 0, waiting: 1, enqueued: 50, ended: 'complete' });

  await scene.change(aPerson(2));
  expect(await scene.run()).toEqual({ people: 1, waiting: 1, enqueued: 51, ended: 'complete' });
  expect(new Set(scene.enqueued()).size).toBe(100);
  expect(await scene.waiting()).toMatchObject([{ ...aPerson(1), after: 'session_00099' }]);
  expect(scene.state.spare).toBe(1_000_000 - 101 * 3);
});

test('while the consumer has much to do, nothing is added', async () => {
  const scene = createPeopleScene();
  await scene.give(aPerson(1), 1);
  await scene.change(aPerson(1));
  scene.state.visible = 11;

  expect(await scene.run()).toEqual({ people: 0, waiting: 1, enqueued: 0, ended: 'busy' });
  expect(scene.enqueued()).toEqual([]);
});

test('what the queue refuses is enqueued by the next run', async () => {
  const scene = createPeopleScene();
  await scene.give(aPerson(1), 2);
  await scene.change(aPerson(1));
  scene.state.isRefusing = true;
  expect(await scene.run()).toEqual({ people: 0, waiting: 1, enqueued: 0, ended: 'failed' });

  scene.state.isRefusing = false;
  expect(await scene.run()).toEqual({ people: 1, waiting: 0, enqueued: 2, ended: 'complete' });
});

test('a run that is interrupted goes on behind what it has enqueued', async () => {
  const scene = createPeopleScene();
  await scene.give(aPerson(1), 25);
  await scene.change(aPerson(1));
  scene.state.onPlan = () => scene.stop.abort();

  expect(await scene.run()).toEqual({ people: 0, waiting: 1, enqueued: 10, ended: 'interrupted' });
  expect(await scene.waiting()).toMatchObject([{ after: 'session_00009' }]);
});

test('a run that is over leaves people of whom nothing is known, too', async () => {
  const scene = createPeopleScene();
  await scene.change(aPerson(1));
  await scene.change(aPerson(2));
  scene.stop.abort();

  expect(await scene.run()).toEqual({ people: 0, waiting: 2, enqueued: 0, ended: 'interrupted' });
  expect(await scene.waiting()).toHaveLength(2);
});

test('with the ledger away the run fails, and nothing is enqueued', async () => {
  const scene = createPeopleScene();
  const away = async () => Promise.reject(new JobError('ledger_failed'));
  const client = new Proxy(ledger.client, { get: () => away });

  const run = refreshPeople({ ...scene.context, ledger: { ...ledger, client } }, scene.stop.signal);
  await expect(run).rejects.toMatchObject({ code: 'ledger_failed' });
  expect(scene.enqueued()).toEqual([]);
});
