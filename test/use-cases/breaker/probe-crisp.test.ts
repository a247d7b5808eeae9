import { describe, expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import { anOpenBreaker, createBreakerScene, routesOf, watch } from '../../support/breaker-scene.ts';
import { aSession } from '../../support/builders.ts';

const [A, HEALTHY] = [aSession('session_a'), aSession('session_healthy')];
const MINUTE_MS = 60_000;
const unavailable = () => new JobError('crisp_unavailable');

describe('how often Crisp is asked while it is down', () => {
  test('an outage of six hours, with a healthy session known: 54 requests at 27 moments', async () => {
    const scene = await anOpenBreaker(A, 'crisp_unavailable');
    await scene.notes.noteSuccess(HEALTHY, 0);

    const askedAt = await watch(scene, 360);

    const quarters = Array.from({ length: 23 }, (_, index) => 30 + 15 * index);
    expect(askedAt).toEqual([1, 3, 7, 15, ...quarters]);
    expect(scene.asked).toHaveLength(54);
    expect(scene.tap.state).toBe('off');
  });

  test('a rolled token for six hours: 54 requests, for one healthy session would refute it', async () => {
    const scene = await anOpenBreaker(A, 'crisp_auth_failed');
    await scene.notes.noteSuccess(HEALTHY, 0);
    scene.fail = () => new JobError('crisp_auth_failed');

    await watch(scene, 360);

    expect(scene.asked).toHaveLength(54);
  });

  test('a route that refuses for 72 hours: 291 moments, and the control call is never taken for its answer', async () => {
    const scene = await anOpenBreaker(A, 'crisp_rate_limited', {
      receiveCount: 10,
      route: 'website/conversation/messages',
    });
    await scene.notes.noteSuccess(HEALTHY, 0);
    scene.fail = ({ route }) =>
      route === 'website/conversation/messages' ? new JobError('crisp_rate_limited') : undefined;

    const askedAt = await watch(scene, 72 * 60);

    expect(askedAt).toHaveLength(291);
    expect(new Set(routesOf(scene))).toEqual(
      new Set([A, HEALTHY].map(({ sessionId }) => `website/conversation/messages ${sessionId}`)),
    );
    expect(scene.tap.state).toBe('off');
  });

  test('a recovery is noticed at the next look', async () => {
    const scene = await anOpenBreaker(A, 'crisp_unavailable');
    await watch(scene, 20);
    scene.fail = () => undefined;

    const askedAt = await watch(scene, 15);

    expect(askedAt).toEqual([10]);
    expect(scene.tap.state).toBe('on');
    expect((await scene.notes.readOpening())?.closing).toMatchObject({ wasFalseAlarm: false });
  });
});

describe('what closes it', () => {
  test.each([
    ['an answer', undefined],
    ['that there is no such conversation', new JobError('conversation_missing')],
    ['that the token may not', new JobError('crisp_forbidden')],
  ])('%s on the route that failed', async (_title, failure) => {
    const scene = await anOpenBreaker(A, 'crisp_unavailable', { route: 'website/conversation/messages' });
    scene.fail = () => failure;

    await watch(scene, 1);

    expect(routesOf(scene)).toEqual([`website/conversation/messages ${A.sessionId}`]);
    expect(scene.tap.state).toBe('on');
    expect(scene.telemetry.named('breaker-closed')).toHaveLength(1);
  });

  test('three poisoned sessions in a row are not everything: a healthy one is fetched, so they are to blame', async () => {
    const scene = createBreakerScene();
    const breaker = scene.anInstance();
    await breaker.noteSuccess(HEALTHY);
    scene.fail = ({ sessionId }) => (sessionId?.includes('poisoned') ? unavailable() : undefined);
    for (const n of [1, 2, 3]) {
      await breaker.judge(aSession(`session_poisoned${n}`), scene.failedRun('crisp_unavailable'));
    }
    const before = scene.tap.state;

    await watch(scene, 1);
    const after = scene.tap.state;
    await scene.clock.advance(5000);
    const blame = await breaker.judge(aSession('session_poisoned1'), scene.failedRun('crisp_unavailable'));

    expect([before, after, blame]).toEqual(['off', 'on', 'session']);
    expect((await scene.notes.readOpening())?.closing?.wasFalseAlarm).toBe(true);
  });

  test('a session that was healthy and is among those that fail proves nothing', async () => {
    const scene = createBreakerScene();
    const breaker = scene.anInstance();
    await breaker.noteSuccess(HEALTHY);
    for (const session of [HEALTHY, aSession('session_b'), A]) {
      await breaker.judge(session, scene.failedRun('crisp_unavailable'));
    }
    scene.fail = unavailable;
    scene.asked.length = 0;

    await watch(scene, 1);

    expect(routesOf(scene)).toEqual([`website/conversation ${A.sessionId}`, 'website']);
    expect(scene.tap.state).toBe('off');
  });

  test('with nobody known to be healthy, a trial after the first look, if at least the website answers', async () => {
    const scene = createBreakerScene();
    const breaker = scene.anInstance();
    for (const n of [1, 2, 3]) {
      await breaker.judge(aSession(`session_${n}`), scene.failedRun('crisp_unavailable'));
    }
    scene.fail = ({ route }) => (route === 'website' ? undefined : unavailable());

    const before = scene.tap.state;
    await watch(scene, 1);
    const after = scene.tap.state;
    await scene.clock.advance(5000);
    const blame = await breaker.judge(A, scene.failedRun('crisp_unavailable'));

    expect([before, after, blame]).toEqual(['off', 'on', 'outage']);
    expect(await scene.notes.readOpening()).toMatchObject({ holdOffSeconds: 120 });
  });

  test('after a relapse there are three looks before the next trial', async () => {
    const scene = createBreakerScene();
    const breaker = scene.anInstance();
    for (const n of [1, 2, 3]) {
      await breaker.judge(aSession(`session_${n}`), scene.failedRun('crisp_unavailable'));
    }
    scene.fail = ({ route }) => (route === 'website' ? undefined : unavailable());
    await watch(scene, 1);
    await scene.clock.advance(5000);
    await breaker.judge(A, scene.failedRun('crisp_unavailable'));

    await watch(scene, 13);
    const before = scene.tap.state;
    await watch(scene, 1);

    expect([before, scene.tap.state]).toEqual(['off', 'on']);
  });

  test('a failure of our own platform is tried again after the hold-off, for only a run can tell', async () => {
    const scene = createBreakerScene();
    scene.tap.state = 'off';
    await scene.notes.noteOpening(
      {
        openedMs: scene.clock.nowMs(),
        code: 'downstream_denied',
        route: undefined,
        session: A,
        holdOffSeconds: 120,
        nextProbeMs: scene.clock.nowMs() + 2 * MINUTE_MS,
        failedProbes: 0,
      },
      undefined,
    );

    await watch(scene, 1);
    const before = scene.tap.state;
    await watch(scene, 1);

    expect([before, scene.tap.state]).toEqual(['off', 'on']);
    expect(scene.asked).toEqual([]);
  });

  test('too many removals: a conversation that is still there, and then they are counted anew', async () => {
    const scene = createBreakerScene();
    const breaker = scene.anInstance();
    await breaker.noteSuccess(HEALTHY);
    for (let n = 1; n <= 11; n += 1) await breaker.judgeRemoval(aSession(`session_${n}`));
    scene.fail = ({ route }) => (route === 'website' ? undefined : unavailable());

    await watch(scene, 60);
    const before = scene.tap.state;
    scene.fail = () => undefined;
    await watch(scene, 15);

    expect([before, scene.tap.state]).toEqual(['off', 'on']);
    expect(await breaker.judgeRemoval(aSession('session_12'))).toBe('removed');
  });
});
