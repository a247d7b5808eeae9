import { describe, expect, test } from 'vitest';
import { JobError } from '../../lib/errors.ts';
import type { QuotaDay } from '../../lib/ledger/quota-notes.ts';
import { type BreakerScene, createBreakerScene, judgeAll, watch } from '../support/breaker-scene.ts';
import { aSession } from '../support/builders.ts';

const A = aSession('session_a');
const B = aSession('session_b');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** All of a day's 100 calls are used, so many hours before it ends at `resetMinute`. */
function spend(scene: BreakerScene, { hoursLeft, isLearned }: { hoursLeft: number; isLearned: boolean }) {
  const endsMs = scene.clock.nowMs() + hoursLeft * HOUR_MS;
  scene.day = {
    quota: 100,
    liveShare: 0.7,
    used: 100,
    planned: 0,
    saved: { coalesced: 0, covered: 0, superseded: 0, cached: 0 },
    endsMs,
    resetMinute: (endsMs % DAY_MS) / MINUTE_MS,
    isLearned,
    refusedSinceMs: undefined,
  } satisfies QuotaDay;
}

async function exhaust(scene: BreakerScene): Promise<void> {
  await scene.anInstance().judge(A, scene.failedRun('quota_exhausted'));
}

describe('the day’s calls are spent by our own count', () => {
  test('the queue is held at once, nobody is blamed, and nothing is asked', async () => {
    const scene = createBreakerScene();

    expect(await judgeAll(scene, [A, B], 'quota_exhausted')).toEqual(['outage', 'outage']);

    expect(scene.mapping.state).toBe('off');
    expect(await scene.notes.readOpening()).toMatchObject({ code: 'quota_exhausted', session: A });
    expect(scene.asked).toEqual([]);
  });

  test('also of a session that was refuted: it spends no attempt', async () => {
    const scene = createBreakerScene();
    await scene.notes.refute([`${A.websiteId}:${A.sessionId}`], scene.clock.nowMs());
    expect(await judgeAll(scene, [A], 'quota_exhausted')).toEqual(['outage']);
  });

  test('with the hour known, the first request is the look after the reset', async () => {
    const scene = createBreakerScene();
    spend(scene, { hoursLeft: 5, isLearned: true });
    await exhaust(scene);

    expect(await watch(scene, 330)).toEqual([300]);

    expect(scene.mapping.state).toBe('on');
    expect(scene.asked).toHaveLength(1);
  });

  test('with the hour unknown, looks find the reset, and it is learned to the hour', async () => {
    const scene = createBreakerScene();
    await scene.clock.advance(DAY_MS - (scene.clock.nowMs() % DAY_MS) + 20 * HOUR_MS);
    spend(scene, { hoursLeft: 4, isLearned: false });
    const resetMs = scene.clock.nowMs() + 11 * HOUR_MS;
    scene.failWebsite = () =>
      scene.clock.nowMs() < resetMs ? new JobError('crisp_quota_exceeded') : undefined;
    await exhaust(scene);

    const askedAt = await watch(scene, 12 * 60);

    expect(scene.mapping.state).toBe('on');
    expect(scene.day).toMatchObject({ resetMinute: 7 * 60, isLearned: true, used: 0 });
    expect(scene.telemetry.named('quota-reset-learned')).toEqual([
      { name: 'quota-reset-learned', resetMinute: 420 },
    ]);
    // A quarter of an hour apart at most, and no more than one request each.
    expect(askedAt.length).toBe(scene.asked.length);
    expect(askedAt.length).toBeLessThanOrEqual(12 * 4 + 5);
    expect(askedAt.at(-1) ?? 0).toBeLessThanOrEqual(11 * 60 + 15);
  });

  test('where Crisp would give more than the budget, it is asked once more, at the end of the day', async () => {
    const scene = createBreakerScene();
    spend(scene, { hoursLeft: 3, isLearned: false });
    await exhaust(scene);

    expect(await watch(scene, 200)).toEqual([1, 180]);

    expect(scene.mapping.state).toBe('on');
    expect(scene.day).toMatchObject({ isLearned: false });
  });

  test('an outage that ends is no reset', async () => {
    const scene = createBreakerScene();
    spend(scene, { hoursLeft: 5, isLearned: false });
    const endMs = scene.clock.nowMs() + 2 * HOUR_MS;
    scene.failWebsite = () => (scene.clock.nowMs() < endMs ? new JobError('crisp_unavailable') : undefined);
    await exhaust(scene);

    await watch(scene, 299);

    expect(scene.mapping.state).toBe('off');
    expect(scene.day).toMatchObject({ isLearned: false });
  });
});

describe('Crisp says that the day’s calls are spent', () => {
  test.each(['crisp_quota_exceeded', 'crisp_rate_limited'] as const)(
    '%s for hours, and then not: that was the reset',
    async (code) => {
      const scene = createBreakerScene();
      spend(scene, { hoursLeft: 20, isLearned: true });
      scene.day = { ...(scene.day as QuotaDay), used: 40 };
      const resetMs = Math.ceil((scene.clock.nowMs() + 3 * HOUR_MS) / HOUR_MS) * HOUR_MS;
      scene.fail = () => (scene.clock.nowMs() < resetMs ? new JobError(code) : undefined);
      scene.failWebsite = scene.fail as never;
      await scene.anInstance().judge(A, scene.failedRun(code, { retryAfterMs: 61_000 }));

      await watch(scene, 5 * 60);

      expect(scene.mapping.state).toBe('on');
      expect(scene.day).toMatchObject({ resetMinute: (resetMs % DAY_MS) / MINUTE_MS, used: 0 });
    },
  );

  test('for a moment: a limit of another kind, whatever it is called', async () => {
    const scene = createBreakerScene();
    spend(scene, { hoursLeft: 20, isLearned: false });
    scene.day = { ...(scene.day as QuotaDay), used: 40 };
    const endMs = scene.clock.nowMs() + 10 * MINUTE_MS;
    const fail = () => (scene.clock.nowMs() < endMs ? new JobError('crisp_quota_exceeded') : undefined);
    scene.fail = fail;
    scene.failWebsite = fail;
    await scene.anInstance().judge(A, scene.failedRun('crisp_quota_exceeded'));

    await watch(scene, 60);

    expect(scene.mapping.state).toBe('on');
    expect(scene.day).toMatchObject({ used: 40, isLearned: false });
  });
});
