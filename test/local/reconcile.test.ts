import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { parseOperatorConfig } from '../../lib/config/local-config.ts';
import type { SessionRef } from '../../lib/ids.ts';
import { backfillWebsite, findBackfill, type ReconcileReport } from '../../lib/operate/reconcile.ts';
import { openReconciler } from '../../lib/operate/reconcile-stage.ts';
import { createS3RecordArchive } from '../../lib/record/archive.ts';
import { runCliHere, runCliProcess } from '../support/cli.ts';
import { type LocalScene, simulatorOf, startLocalScene } from '../support/local-scene.ts';

async function start(env: Record<string, string> = {}): Promise<LocalScene> {
  const scene = await startLocalScene({ env });
  // Hooks are the tests' own: each decides which are lost.
  scene.mode.crisp?.simulator.hooks.subscriptions().forEach(({ id }) => {
    scene.mode.crisp?.simulator.hooks.unsubscribe(id);
  });
  onTestFinished(scene.stop);
  return scene;
}

function archiveOf({ mode: { aws } }: LocalScene) {
  return createS3RecordArchive({ client: aws.clients.s3, bucket: aws.resources.bucket });
}

/** The sessions whose newest state in Crisp was not announced. */
async function findStale(scene: LocalScene, sessions: readonly SessionRef[]): Promise<SessionRef[]> {
  const archive = archiveOf(scene);
  const stale: SessionRef[] = [];
  for (const session of sessions) {
    const latest = (await archive.getLatest(session))?.latest;
    const updatedMs = simulatorOf(scene).readConversation(session)?.conversation.updated_at;
    if (!latest?.announced || latest.updated_at !== updatedMs) stale.push(session);
  }
  return stale;
}

/** Waits until so many records were announced; resolves with the sessions that are stale then. */
async function untilAnnounced(scene: LocalScene, records: number, sessions: readonly SessionRef[]) {
  for (let looks = 0; looks < 500 && scene.totals().recordsEmitted < records; looks += 1)
    await systemClock.sleep(200);
  return findStale(scene, sessions);
}

async function hookAll(scene: LocalScene, sessions: readonly SessionRef[]): Promise<void> {
  const waiting = sessions.values();
  const lane = async () => {
    for (const session of waiting) expect(await scene.hook(session)).toBe(202);
  };
  await Promise.all(Array.from({ length: 10 }, lane));
}

const toEnvironment = ({ mode }: LocalScene) => ({ CRISP_ENRICH_URL: new URL(mode.health.webhook).origin });

const crispEnrich = (scene: LocalScene, ...args: string[]) => runCliHere(args, { env: toEnvironment(scene) });

/** The command line in a process of its own, before this local mode. */
const crispEnrichProcess = (scene: LocalScene, ...args: string[]) =>
  runCliProcess(args, { env: toEnvironment(scene) });

// Crisp's limits are not what these tests are about.
const FAST = { CRISP_REQUESTS_PER_SECOND: '1000' };

test('a hook beside a backfill, of the same session in the same second, does not wait for its end', async () => {
  const scene = await start();
  const sessions = simulatorOf(scene).seedConversations({ conversations: 60, messages: 1 });
  const [session] = sessions;
  if (!session) throw new Error('no session');
  const { localUrl, ...config } = parseOperatorConfig({}, { isLocal: true });
  const url = new URL(new URL(scene.mode.health.webhook).origin);
  const opened = await openReconciler({
    ...{ stage: undefined, region: undefined, clock: systemClock },
    config: { ...config, localUrl: localUrl && url },
  });
  onTestFinished(opened.close);
  const context = { ...opened.context, fetchesPerSecond: 1 };
  const { websiteId } = session;
  const stop = new AbortController();
  let newest: ReconcileReport | undefined;
  const backfill = backfillWebsite(context, {
    ...{ websiteId, fromMs: systemClock.nowMs() - 3_600_000, signal: stop.signal },
    onProgress(report) {
      newest = report;
    },
  });
  await hookAll(scene, [session]);

  expect(await untilAnnounced(scene, 1, [session])).toEqual([]);
  stop.abort();
  expect(newest?.enqueued ?? 0).toBeLessThan(30);
  expect(await backfill).toMatchObject({ ended: 'interrupted' });
  expect(await findBackfill(context, websiteId)).toBeDefined();
}, 60_000);

test('the command line counts what is missing, repairs it, and replays what was announced', async () => {
  const scene = await start(FAST);
  const sessions = simulatorOf(scene).seedConversations({ conversations: 3, messages: 2 });
  const [session] = sessions;
  if (!session) throw new Error('no session');

  const before = await crispEnrichProcess(scene, 'reconcile', '--dry-run', '--since', '7d', '--json');
  expect(before.exitCode).toBe(3);
  expect(JSON.parse(before.stdout)).toMatchObject({
    ...{ dry_run: true, calls: 2 },
    websites: [
      { in_crisp: 3, current: 0, missing: 3, in_dlq: 0, unknown: 0, enqueued: 0, ended: 'complete' },
    ],
  });

  const backfilled = await crispEnrichProcess(scene, 'backfill', '--since', '7d');
  expect(backfilled).toMatchObject({ exitCode: 0 });
  expect(backfilled.stdout).toMatch(/enqueued\s+3/);
  expect(await untilAnnounced(scene, 3, sessions)).toEqual([]);
  expect((await crispEnrich(scene, 'reconcile', '--dry-run', '--since', '7d')).exitCode).toBe(0);

  const announced = await scene.receiveRecords(3);
  const requests = scene.totals().crispRequests;
  const replayed = await crispEnrichProcess(scene, 'replay', '--since', '1d', '--json');
  expect(JSON.parse(replayed.stdout)).toMatchObject({ replayed: 3, missing: 0, ended: 'complete' });
  const again = await scene.receiveRecords(3);
  const bySession = (a: { session_id: string }, b: { session_id: string }) =>
    a.session_id < b.session_id ? -1 : 1;
  expect(again.sort(bySession)).toEqual(announced.sort(bySession));
  expect(scene.totals().crispRequests).toBe(requests);

  const { records, sessions: own } = scene.mode.health.queues;
  const one = await crispEnrich(scene, 'replay', session.sessionId, '--queue', records, '--json');
  expect(JSON.parse(one.stdout)).toMatchObject({ replayed: 1 });
  expect(await scene.receiveRecords(1)).toEqual(
    announced.filter((it) => it.session_id === session.sessionId),
  );
  expect(await crispEnrich(scene, 'replay', session.sessionId, '--queue', own)).toMatchObject({
    exitCode: 2,
  });
}, 120_000);

test.each([
  [['reconcile', '--since', 'yesterday'], 2, "'yesterday' is not a date or duration"],
  [['backfill', '--since', '2999-01-01'], 2, 'is in the future'],
  [['backfill'], 2, '--since 30d'],
  [['backfill', '--since', '1d', '--until', '2d'], 2, '--until is not later than --since'],
  [['replay'], 2, 'say which records'],
  [['replay', '--people', '--since', '1d'], 2, '--people looks at the whole archive'],
])('%s is answered with exit code %i', async (args, exitCode, text) => {
  const run = await runCliHere(args);
  expect(run).toMatchObject({ exitCode, stderr: expect.stringContaining(text) });
});

test('a website that the stage does not have is named, with those that it has', async () => {
  const scene = await start();
  const website = '00000000-0000-4000-8000-000000000000';
  const run = await crispEnrich(scene, 'reconcile', '--dry-run', '--since', '1d', '--website', website);
  expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(simulatorOf(scene).websiteId) });
});
