import { describe, expect, test } from 'vitest';
import type { Latest } from '../../lib/record/archive.ts';
import { createBatchScene } from '../support/batch-scene.ts';
import { aMessage } from '../support/builders.ts';

// Of the bucket that has just ended, its margin over.
const BUCKET_MS = 1_790_855_940_000;
const DUE_MS = BUCKET_MS + 70_000;
const JOB = { bucketMs: BUCKET_MS, notBeforeMs: DUE_MS };

/** A session whose record was announced by a fetch that began when its message became due. */
function anAnnouncedSession(latest: Partial<Latest> = {}) {
  const scene = createBatchScene();
  const announced = { version: DUE_MS, content_hash: 'sha256:x', announced: true, updated_at: null };
  const starts = { started_ms: DUE_MS, full_started_ms: DUE_MS };
  scene.archived.latest = {
    latest: { kind: 'conversation.enriched', ...announced, ...starts, ...latest },
    revision: 'one',
  };
  return scene;
}

describe('a message that the record already answers', () => {
  test('is acknowledged without a call to Crisp, and says so', async () => {
    const scene = anAnnouncedSession();
    await scene.clock.advance(DUE_MS + 5000 - scene.clock.nowMs());
    const twins = [aMessage({ job: { ...JOB, mode: 'incremental' } }), aMessage({ job: JOB })];

    const outcomes = await scene.handle(twins);

    expect([...outcomes.values()]).toEqual([{ outcome: 'acknowledged' }, { outcome: 'acknowledged' }]);
    expect(scene.refreshed).toEqual([]);
    expect(scene.telemetry.named('job-covered').map(({ messageId }) => messageId)).toEqual(
      twins.map(({ messageId }) => messageId),
    );
    expect(scene.runLog.runs).toMatchObject([
      { outcome: 'covered', apiCalls: 0 },
      { outcome: 'covered', apiCalls: 0 },
    ]);
    expect(scene.breaker.successes).toEqual([]);
    expect(scene.saved).toEqual([['covered', 1]]);
  });

  test('is acknowledged, too, where the fetch found the conversation removed', async () => {
    const scene = anAnnouncedSession({ kind: 'conversation.removed' });
    await scene.clock.advance(DUE_MS + 5000 - scene.clock.nowMs());

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
    const scene = anAnnouncedSession(latest);
    await scene.clock.advance(DUE_MS + 5000 - scene.clock.nowMs());

    await scene.handle([aMessage({ job })]);

    expect(scene.refreshed).toHaveLength(1);
    expect(scene.runLog.runs).toMatchObject([{ outcome: 'emitted' }]);
  });

  test('is fetched together with one that it does not answer', async () => {
    const scene = anAnnouncedSession();
    await scene.clock.advance(DUE_MS + 65_000 - scene.clock.nowMs());
    const next = { bucketMs: BUCKET_MS + 60_000, notBeforeMs: DUE_MS + 60_000 };

    await scene.handle([aMessage({ job: JOB }), aMessage({ job: next })]);

    expect(scene.refreshed.map(({ messages }) => messages.length)).toEqual([2]);
  });
});
