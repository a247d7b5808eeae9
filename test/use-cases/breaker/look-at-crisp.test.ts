import { describe, expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import { anOpenBreaker, createBreakerScene, watch } from '../../support/breaker-scene.ts';
import { aSession } from '../../support/builders.ts';

const [A, HEALTHY] = [aSession('session_a'), aSession('session_healthy')];
const PROFILE = 'website/people/profile';
const unavailable = () => new JobError('crisp_unavailable');

/** Profiles cannot be fetched, and `HEALTHY` was fetched before. */
async function withoutProfiles() {
  const scene = await anOpenBreaker(A, 'crisp_unavailable', { route: PROFILE });
  await scene.notes.noteSuccess(HEALTHY, 0);
  await scene.notes.noteFailure(A, 0);
  scene.fail = ({ route }) => (route === PROFILE ? unavailable() : undefined);
  return scene;
}

describe('a session of which nothing is asked on the route that failed proves nothing', () => {
  test('a healthy one without a person: no false alarm, a trial, and the row stays', async () => {
    const scene = await withoutProfiles();
    scene.hasPerson = (sessionId) => sessionId !== HEALTHY.sessionId;

    const before = scene.tap.state;
    await watch(scene, 1);

    expect([before, scene.tap.state]).toEqual(['off', 'on']);
    expect(scene.telemetry.named('breaker-probed').map(({ outcome }) => outcome)).toEqual(['trial']);
    expect((await scene.notes.readRow()).failed).toHaveLength(1);
  });

  test('the one that failed, when its conversation was removed meanwhile', async () => {
    const scene = await withoutProfiles();
    scene.fail = ({ route, sessionId }) => {
      if (sessionId === A.sessionId) return new JobError('conversation_missing');
      return route === PROFILE ? unavailable() : undefined;
    };

    await watch(scene, 1);
    const before = scene.tap.state;
    scene.fail = ({ sessionId }) =>
      sessionId === A.sessionId ? new JobError('conversation_missing') : undefined;
    await watch(scene, 2);

    expect([before, scene.tap.state]).toEqual(['off', 'on']);
    expect((await scene.notes.readOpening())?.closing?.wasFalseAlarm).toBe(false);
  });
});

describe('a trial', () => {
  test('for a route that refuses, where nobody else is known and the website answers', async () => {
    const run = { receiveCount: 10, route: 'website/conversation/messages' };
    const scene = await anOpenBreaker(A, 'crisp_rate_limited', run);
    scene.fail = ({ route }) => (route === 'website' ? undefined : new JobError('crisp_rate_limited'));

    const before = scene.tap.state;
    await watch(scene, 1);

    expect([before, scene.tap.state]).toEqual(['off', 'on']);
  });

  test('for too many removals, where the healthy session is itself gone; the next removal opens again', async () => {
    const scene = createBreakerScene();
    const breaker = scene.anInstance();
    await breaker.noteSuccess(HEALTHY);
    for (let n = 1; n <= 11; n += 1) await breaker.judgeRemoval(aSession(`session_${n}`));
    scene.fail = () => new JobError('conversation_missing');

    await watch(scene, 6);
    const before = scene.tap.state;
    await watch(scene, 1);
    const after = scene.tap.state;
    const judged = await breaker.judgeRemoval(aSession('session_12'));

    expect([before, after, judged, scene.tap.state]).toEqual(['off', 'on', 'outage', 'off']);
  });
});
