import { describe, expect, test } from 'vitest';
import type { Latest } from '../../lib/record/archive.ts';
import { createBatchScene } from '../support/batch-scene.ts';
import { aFailedRun, aMessage, aRun, aSession } from '../support/builders.ts';

// Of the bucket that has just ended, its margin over.
const BUCKET_MS = 1_790_855_940_000;
const DUE_MS = BUCKET_MS + 70_000;
const JOB = { bucketMs: BUCKET_MS, notBeforeMs: DUE_MS };

/** A session whose record was announced by a fetch that began when its message became due. */
async function anAnnouncedSession(latest: Partial<Latest> = {}, sinceDueMs = 5000) {
  const scene = createBatchScene();
  const announced = { version: DUE_MS, content_hash: 'sha256:x', announced: true, updated_at: null };
  const starts = { started_ms: DUE_MS, full_started_ms: DUE_MS };
  scene.archived.latest = {
    latest: { kind: 'conversation.enriched', ...announced, ...starts, ...latest },
    revision: 'one',
  };
  await scene.clock.advance(DUE_MS + sinceDueMs - scene.clock.nowMs());
  return scene;
}

describe('a message that the record already answers', () => {
  test('is acknowledged without a call to Crisp, and says so', async () => {
    const scene = await anAnnouncedSession();
    const twins = [aMessage({ job: { ...JOB, mode: 'incremental' } }), aMessage({ job: JOB })];

    const outcomes = await scene.handle(twins);

    expect([...outcomes.values()]).toEqual([{ outcome: 'acknowledged' }, { outcome: 'acknowledged' }]);
    expect(scene.refreshed).toEqual([]);
    const told = twins.map(({ messageId }) => ({ messageId }));
    expect(scene.telemetry.named('job-covered')).toMatchObject(told);
    expect(scene.runLog.runs).toMatchObject(Array(2).fill({ outcome: 'covered', apiCalls: 0 }));
    expect(scene.breaker.successes).toEqual([]);
    expect(scene.saved).toEqual([['covered', 1]]);
  });

  test('is acknowledged, too, where the fetch found the conversation removed', async () => {
    const scene = await anAnnouncedSession({ kind: 'conversation.removed' });
    await scene.handle([aMessage({ job: JOB })]);
    expect(scene.runLog.runs).toMatchObject([{ outcome: 'covered' }]);
  });

  test.each<[string, Partial<Latest>, Record<string, unknown>]>([
    ['the fetch began a moment too early', { started_ms: DUE_MS - 1, full_started_ms: DUE_MS - 1 }, JOB],
    ['it asks for more than was fetched', { full_started_ms: DUE_MS - 60_000 }, JOB],
    ['the record was perhaps not announced', { announced: false }, JOB],
    ['no fetch is known', { started_ms: undefined, full_started_ms: undefined }, JOB],
    ["it is another producer's, of an unknown moment", {}, { mode: undefined }],
  ])('is fetched where %s', async (_, latest, job) => {
    const scene = await anAnnouncedSession(latest);
    await scene.handle([aMessage({ job })]);
    expect(scene.refreshed).toHaveLength(1);
    expect(scene.runLog.runs).toMatchObject([{ outcome: 'emitted' }]);
  });

  test.each([
    [71_000, DUE_MS - 1, 'covered'],
    [71_000, DUE_MS, 'emitted'],
    [141_000, DUE_MS, 'covered'],
  ])('of a fetch %d ms into its bucket, and sent at %d, is %s', async (intoMs, sentMs, outcome) => {
    const startedMs = BUCKET_MS + intoMs;
    const starts = { started_ms: startedMs, full_started_ms: startedMs };
    const scene = await anAnnouncedSession(starts, 200_000);
    await scene.handle([aMessage({ job: JOB, sentMs })]);
    expect(scene.runLog.runs).toMatchObject([{ outcome }]);
  });

  test('is fetched together with one that it does not answer', async () => {
    const scene = await anAnnouncedSession({}, 65_000);
    const next = { bucketMs: BUCKET_MS + 60_000, notBeforeMs: DUE_MS + 60_000 };
    await scene.handle([aMessage({ job: JOB }), aMessage({ job: next })]);
    expect(scene.refreshed.map(({ messages }) => messages.length)).toEqual([2]);
  });
});

describe('a message that a later one is fetched for', () => {
  /** A busy session: its rest after the last fetch is over, and its next message was sent already. */
  async function aBusySession(sinceFetchMs = 230_000) {
    const startedMs = DUE_MS + 5000 - sinceFetchMs;
    const scene = await anAnnouncedSession({ started_ms: startedMs, full_started_ms: startedMs });
    await scene.runLog.record([aRun({ session: aSession(), startedMs, outcome: 'emitted' })]);
    await scene.sessions.noteSent(aSession(), LATER, startedMs);
    return scene;
  }

  const LATER = { mode: 'incremental', sequenceNumber: 8n, notBeforeMs: DUE_MS + 60_000 } as const;
  const OWN = { sentMs: BUCKET_MS + 1000, sequenceNumber: 7n, job: { ...JOB, mode: 'incremental' } } as const;
  const NO_LATER = { ...LATER, sequenceNumber: 9n, notBeforeMs: DUE_MS };
  const away = () => Promise.reject(new Error('away'));
  type Scene = Awaited<ReturnType<typeof aBusySession>>;

  test('is acknowledged without a call to Crisp, and counted in the record that comes', async () => {
    const scene = await aBusySession();

    await scene.handle([aMessage(OWN)]);
    await scene.clock.advance(60_000);
    const job = { ...LATER, sequenceNumber: undefined, bucketMs: BUCKET_MS + 60_000 };
    await scene.handle([aMessage({ ...OWN, sequenceNumber: 8n, job })]);

    expect(scene.refreshed).toHaveLength(1);
    expect(scene.telemetry.named('job-superseded')).toHaveLength(1);
    expect(scene.runLog.runs.map(({ outcome }) => outcome)).toEqual(['emitted', 'superseded', 'emitted']);
    expect(scene.announced).toMatchObject([{ absorbed: 1 }]);
  });

  test('may ask for less, and be of the same bucket', async () => {
    const scene = await aBusySession();
    await scene.sessions.noteSent(aSession(), { ...LATER, mode: 'full', notBeforeMs: DUE_MS }, 0);
    await scene.handle([aMessage(OWN)]);
    expect(scene.refreshed).toEqual([]);
  });

  test.each<[string, (scene: Scene) => unknown, Record<string, unknown>]>([
    ['it is the noted message itself', () => {}, { sequenceNumber: 8n }],
    ['its own number is not known', () => {}, { sequenceNumber: undefined }],
    ['its bucket began after it was sent', () => {}, { sentMs: BUCKET_MS - 1 }],
    ['the later one asks for less', () => {}, { job: JOB }],
    ['the later one is due no later', ({ sessions }) => sessions.noteSent(aSession(), NO_LATER, 0), {}],
    ['the ledger is away', ({ sessions }) => Object.assign(sessions, { readActivity: away }), {}],
    ['the last run failed', ({ runLog }) => runLog.record([aFailedRun({ startedMs: DUE_MS })]), {}],
    [
      'no run is known',
      ({ sessions, sessions: { readActivity } }) =>
        Object.assign(sessions, {
          readActivity: async (session: Parameters<typeof readActivity>[0]) => ({
            ...(await readActivity(session)),
            runs: [],
          }),
        }),
      {},
    ],
    ['the last fetch is as long ago as a session may wait', ({ clock }) => clock.advance(70_000), {}],
  ])('is fetched where %s', async (_, change, own) => {
    const scene = await aBusySession();
    await change(scene);
    await scene.handle([aMessage({ ...OWN, ...own })]);
    expect(scene.refreshed).toHaveLength(1);
  });

  describe('of a session that was fetched lately', () => {
    const LAST = { sequenceNumber: 9n, job: { ...JOB, mode: 'incremental' } } as const;

    test('waits until three quarters of the longest wait are over', async () => {
      const scene = await aBusySession(65_000);

      await scene.handle([aMessage(LAST)]);

      expect(scene.refreshed).toEqual([]);
      const wait = { code: 'fetched_lately', delaySeconds: 160, apiCalls: 0 };
      expect(scene.runLog.runs.at(-1)).toMatchObject(wait);
    });

    test('waits for a fetch that found nothing new as well', async () => {
      const scene = await aBusySession();
      const startedMs = scene.clock.nowMs() - 25_000;
      await scene.runLog.record([aRun({ session: aSession(), startedMs, outcome: 'unchanged' })]);

      await scene.handle([aMessage(LAST)]);

      expect(scene.runLog.runs.at(-1)).toMatchObject({ code: 'fetched_lately', delaySeconds: 200 });
    });

    test.each<[string, number, Record<string, unknown>]>([
      ['an edit or a removal', 65_000, { job: JOB }],
      ['what has waited, or failed', 65_000, { receiveCount: 2 }],
      ['what comes after the rest', 225_000, {}],
    ])('%s is fetched at once', async (_what, sinceFetchMs, own) => {
      const scene = await aBusySession(sinceFetchMs);
      await scene.handle([aMessage({ ...LAST, ...own })]);
      expect(scene.refreshed).toHaveLength(1);
    });
  });

  test('a quiet session costs the ledger no read', async () => {
    const scene = await aBusySession();
    let reads = 0;
    scene.sessions.readActivity = async () => {
      reads += 1;
      return { sent: [], runs: [] };
    };
    await scene.clock.advance(600_000);

    await scene.handle([aMessage(OWN)]);

    expect(reads).toBe(0);
  });
});
