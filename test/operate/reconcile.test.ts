import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import type { ListedPart } from '../../lib/crisp/client.ts';
import { fetchConversation } from '../../lib/crisp/conversation.ts';
import { createPagingTrust } from '../../lib/crisp/paging.ts';
import { JobError } from '../../lib/errors.ts';
import type { SessionRef } from '../../lib/ids.ts';
import type { SweepNote } from '../../lib/ledger/sweep-notes.ts';
import { createBestEffort } from '../../lib/ledger/table.ts';
import {
  backfillWebsite,
  findBackfill,
  type ReconcileContext,
  reconcileWindow,
  sweepWebsite,
} from '../../lib/operate/reconcile.ts';
import { inLanes } from '../../lib/queue/pace.ts';
import { createEnqueueSessions } from '../../lib/queue/sessions-queue.ts';
import { createAnnounceRecord } from '../../lib/record/announce.ts';
import { startSimulator } from '../local/simulator/support/start-simulator.ts';
import { aRun, aSession } from '../support/builders.ts';
import { aCrispClient } from '../support/crisp.ts';
import {
  createMemoryRecordArchive,
  createMemoryRecordTopic,
  createMemoryRunLog,
  createMemorySessionBatches,
  createRecordingTelemetry,
} from '../support/memory.ts';
import { createVirtualClock, untilSettled } from '../support/virtual-clock.ts';

const { websiteId } = aSession();
const HOUR_MS = 3_600_000;
const EMPTY_QUEUE = { visible: 0, inFlight: 0, delayed: 0, retentionSeconds: undefined };

const sessionOf = (index: number) => aSession(`session_${index}`);

/** Crisp's list, the archive and the queue in memory; time passes as the work sleeps. */
function createReconcileScene() {
  const clock = createVirtualClock();
  const archive = createMemoryRecordArchive();
  const runLog = createMemoryRunLog();
  const batches = createMemorySessionBatches();
  const telemetry = createRecordingTelemetry();
  const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };
  const listed = new Map<string, number | undefined>();
  const notes = new Map<string, SweepNote>();
  const state = { spare: 100_000, visible: 0, isLedgerAway: false, calls: 0 };
  const orLedgerAway = () => {
    if (state.isLedgerAway) throw new JobError('ledger_failed');
  };
  const stop = new AbortController();
  const context: ReconcileContext = {
    crisp: {
      async listConversations(_website, { page, updatedByMs = Number.POSITIVE_INFINITY }: ListedPart) {
        state.calls += 1;
        const found = [...listed]
          .filter(([, updatedMs = 0]) => updatedMs <= updatedByMs)
          .sort(([, a = 0], [, b = 0]) => b - a);
        const items = found
          .slice((page - 1) * 50, page * 50)
          .map(([session_id, updated_at]) => ({ session_id, website_id: websiteId, updated_at }));
        return { items, hasMore: found.length > page * 50 };
      },
    },
    archive,
    runHistory: {
      async ofSession(session, options) {
        orLedgerAway();
        return runLog.ofSession(session, options);
      },
    },
    enqueue: createEnqueueSessions({ batches, coalesce, clock }),
    queueReader: {
      describe: async () => ({ ...EMPTY_QUEUE, visible: state.visible }),
    },
    quota: {
      read: async () => undefined,
      async plan(calls) {
        orLedgerAway();
        const granted = Math.min(calls, state.spare);
        state.spare -= granted;
        return granted;
      },
    },
    sweepNotes: {
      async read(name) {
        orLedgerAway();
        return notes.get(name);
      },
      async note(name, note) {
        orLedgerAway();
        notes.set(name, note);
      },
    },
    bestEffort: createBestEffort(telemetry),
    coalesce,
    fetchesPerSecond: 0.8,
    clock,
  };

  return {
    ...{ clock, context, archive, notes, state, stop, runLog, batches },
    window: (options: Partial<Parameters<typeof reconcileWindow>[1]> = {}) =>
      untilSettled(
        clock,
        reconcileWindow(context, { websiteId, fromMs: 0, signal: stop.signal, ...options }),
      ),
    sweep: () => untilSettled(clock, sweepWebsite(context, websiteId, { signal: stop.signal })),
    /** So many sessions that were updated before an hour, and then every two seconds before. */
    listMany(count: number) {
      for (let index = 0; index < count; index += 1)
        listed.set(sessionOf(index).sessionId, clock.nowMs() - HOUR_MS - index * 2000);
    },
    /** Crisp lists a session as updated then. */
    list(index: number, updatedMs: number | undefined) {
      listed.set(sessionOf(index).sessionId, updatedMs);
    },
    /** A record of it was announced with that `updated_at`. */
    async announce(index: number, updated_at: number | null, kind: 'enriched' | 'removed' = 'enriched') {
      const said = { version: 1, content_hash: 'x', announced: true, updated_at };
      await archive.putLatest(sessionOf(index), { kind: `conversation.${kind}`, ...said }, undefined);
    },
    enqueued: () => batches.sent.map(({ job: { sessionId } }) => sessionId),
    run<T>(work: Promise<T>): Promise<T> {
      return untilSettled(clock, work);
    },
  };
}

describe('a window', () => {
  test('what was announced is current, what was not is enqueued in full, and each is counted once', async () => {
    const scene = createReconcileScene();
    const nowMs = scene.clock.nowMs();
    const atMs = nowMs - HOUR_MS;
    for (const index of [1, 2, 3, 4, 5, 6]) scene.list(index, atMs);
    scene.list(7, undefined);
    scene.list(8, nowMs); // Its hook has not had its turn.
    await scene.announce(1, atMs);
    await scene.announce(2, atMs - 1);
    await scene.announce(3, null);
    await scene.announce(4, null, 'removed');
    await scene.announce(5, atMs + 1); // Crisp's list is older than the record.
    await scene.runLog.record([aRun({ session: sessionOf(6), outcome: 'dead', startedMs: atMs + 1 })]);
    await scene.announce(7, atMs);

    const report = await scene.window({ fromMs: nowMs - 2 * HOUR_MS });

    expect(report).toMatchObject({
      ...{ inCrisp: 7, current: 2, missing: 2, deadLettered: 1, unknown: 2 },
      ...{ enqueued: 4, ended: 'complete', reachedMs: nowMs - 2 * HOUR_MS },
    });
    expect(scene.enqueued().toSorted()).toEqual(['session_2', 'session_3', 'session_4', 'session_7']);
    expect(scene.batches.sent.every(({ job }) => job.mode === 'full')).toBe(true);
  });

  test('a session that died before its newest update is missing again', async () => {
    const scene = createReconcileScene();
    const atMs = scene.clock.nowMs() - HOUR_MS;
    scene.list(1, atMs);
    await scene.runLog.record([aRun({ session: sessionOf(1), outcome: 'dead', startedMs: atMs - 1 })]);
    expect(await scene.window()).toMatchObject({ missing: 1, deadLettered: 0, enqueued: 1 });
  });

  test('a dry run counts the same and enqueues nothing', async () => {
    const scene = createReconcileScene();
    scene.listMany(120);
    const report = await scene.window({ isDryRun: true });
    expect(report).toMatchObject({ inCrisp: 120, missing: 120, enqueued: 0, ended: 'complete' });
    expect(scene.enqueued()).toEqual([]);
    expect(scene.state.calls).toBe(3);
  });

  test('it keeps its pace, and adds nothing while more than two batches are due', async () => {
    const scene = createReconcileScene();
    const startMs = scene.clock.nowMs();
    scene.listMany(40);
    scene.state.visible = 11;
    scene.clock.schedule(startMs + 60_000, () => {
      expect(scene.enqueued()).toEqual([]);
      scene.state.visible = 10;
    });
    await scene.window();
    expect(scene.enqueued()).toHaveLength(40);
    // After the minute no faster than before: 0.8 in a second.
    expect(scene.clock.nowMs() - startMs).toBeGreaterThanOrEqual(60_000 + 38 * 1250);
  });

  test('the spare calls of the day bound it: what they do not cover waits', async () => {
    const scene = createReconcileScene();
    scene.listMany(20);
    scene.state.spare = 1 + 7 * 3;
    expect(await scene.window()).toMatchObject({ missing: 20, enqueued: 7, ended: 'budget' });
    expect(scene.state.spare).toBe(0);
  });

  test('what the queue refuses is no complete window', async () => {
    const scene = createReconcileScene();
    scene.list(1, scene.clock.nowMs() - HOUR_MS);
    scene.batches.refuse('session_1');
    expect(await scene.window()).toMatchObject({ missing: 1, enqueued: 0, ended: 'failed' });
  });
});

describe('regular sweeps', () => {
  test('the next one begins some minutes before the end of the one before', async () => {
    const scene = createReconcileScene();
    const first = await scene.sweep();
    await scene.clock.advance(HOUR_MS);
    const second = await scene.sweep();
    expect(first.toMs - first.fromMs).toBe(24 * HOUR_MS);
    expect(second.fromMs).toBe(first.toMs - 300_000);
  });

  test('one that was not finished is done again by the next, from its beginning', async () => {
    const scene = createReconcileScene();
    const first = await scene.sweep();
    scene.list(1, scene.clock.nowMs());
    await scene.clock.advance(HOUR_MS);
    scene.state.spare = 0;
    expect(await scene.sweep()).toMatchObject({ ended: 'budget' });
    scene.state.spare = 100;
    await scene.clock.advance(10 * HOUR_MS);
    const third = await scene.sweep();
    expect(third).toMatchObject({ fromMs: first.toMs - 300_000, enqueued: 1, ended: 'complete' });
  });

  test('without the ledger the last day is swept, and all of it may be enqueued', async () => {
    const scene = createReconcileScene();
    scene.state.isLedgerAway = true;
    scene.list(1, scene.clock.nowMs() - 20 * HOUR_MS);
    const report = await scene.sweep();
    expect(report).toMatchObject({ enqueued: 1, ended: 'complete' });
    expect(report.toMs - report.fromMs).toBe(24 * HOUR_MS);
  });

  test('one that could not read its checkpoint keeps it: what is older than a day is swept by the next', async () => {
    const scene = createReconcileScene();
    const { signal } = scene.stop;
    const first = await scene.run(sweepWebsite(scene.context, websiteId, { signal }));
    await scene.clock.advance(3 * 24 * HOUR_MS);
    const { read, note } = scene.context.sweepNotes;
    const sweepNotes = { note, read: () => Promise.reject(new JobError('ledger_failed')) };

    await scene.run(sweepWebsite({ ...scene.context, sweepNotes }, websiteId, { signal }));

    expect(await read(`reconcile:${websiteId}`)).toMatchObject({ toMs: first.toMs });
  });
});

describe('a backfill', () => {
  test('interrupted, it is resumed behind its last whole page', async () => {
    const scene = createReconcileScene();
    const fromMs = scene.clock.nowMs() - 24 * HOUR_MS;
    scene.listMany(160);
    const onProgress = ({ enqueued }: { enqueued: number }) => {
      if (enqueued === 70) scene.stop.abort();
    };
    const first = await scene.run(
      backfillWebsite(scene.context, { websiteId, fromMs, signal: scene.stop.signal, onProgress }),
    );
    expect(first).toMatchObject({ enqueued: 70, ended: 'interrupted' });

    const rest = await findBackfill(scene.context, websiteId);
    expect(rest).toEqual({ fromMs, toMs: first.reachedMs });
    const more = new AbortController();
    const second = await scene.run(
      backfillWebsite(scene.context, { websiteId, fromMs, ...rest, signal: more.signal }),
    );
    expect(second).toMatchObject({ ended: 'complete', inCrisp: 115 });
    expect(new Set(scene.enqueued()).size).toBe(160);
    expect(await findBackfill(scene.context, websiteId)).toBeUndefined();
  });
});

test('30 % of the hooks of 500 sessions are lost: after one sweep every newest version was announced', {
  timeout: 60_000,
}, async () => {
  const { simulator, server } = await startSimulator();
  const scene = createReconcileScene();
  const sessions = simulator.seedConversations({ conversations: 500, messages: 1, anonymousEvery: 0 });
  for (const [index, session] of sessions.entries()) {
    const stored = simulator.readConversation(session);
    if (stored) stored.conversation.updated_at -= HOUR_MS + index * 2000;
  }
  const client = { maxResponseBytes: 10_000_000, token: simulator.account.token };
  const crisp = aCrispClient(new URL(`${server.url}/v1`), client);
  onTestFinished(() => crisp.close());
  const telemetry = createRecordingTelemetry();
  const { archive } = scene;
  const topic = createMemoryRecordTopic();
  const announceRecord = createAnnounceRecord({ archive, topic, telemetry, inlineLimitBytes: 204_800 });
  const fetching = {
    ...{ crisp, clock: systemClock, telemetry, include: ['profile'] as const },
    ...{ maxPages: 600, profileCacheSeconds: 0, pagingTrust: createPagingTrust() },
  };
  /** What the consumer does with a message. */
  const consume = async (session: SessionRef) => {
    const options = { signal: new AbortController().signal };
    await announceRecord(await fetchConversation(fetching, session, options), { mode: 'full', absorbed: 0 });
  };
  const findStale = async () => {
    const stale: SessionRef[] = [];
    for (const session of sessions) {
      const latest = (await archive.getLatest(session))?.latest;
      const updatedMs = simulator.readConversation(session)?.conversation.updated_at;
      if (!latest?.announced || latest.updated_at !== updatedMs) stale.push(session);
    }
    return stale;
  };

  const lost = sessions.filter((_, index) => index % 10 < 3);
  // A few at a time, as consumers do: a thousand requests at once would wait for each other's answers.
  await inLanes(
    sessions.filter((_, index) => index % 10 >= 3),
    10,
    consume,
  );
  expect(await findStale()).toEqual(lost);

  const before = simulator.counters.snapshot().requests.total;
  scene.batches.onSent(({ job }) => consume(job));
  const context = { ...scene.context, crisp };
  const report = await scene.run(sweepWebsite(context, simulator.websiteId, { signal: scene.stop.signal }));

  const counted = { inCrisp: 500, current: 350, missing: 150, enqueued: 150 };
  expect(report).toMatchObject({ ...counted, ended: 'complete' });
  expect(await findStale()).toEqual([]);
  expect(topic.records).toHaveLength(500);
  // Eleven pages of fifty, each with five of the one before, and three for each of the 150.
  expect(simulator.counters.snapshot().requests.total - before).toBe(11 + 450);
});
