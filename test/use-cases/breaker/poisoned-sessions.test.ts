import { describe, expect, test } from 'vitest';
import { JobError, type JobErrorCode } from '../../../lib/core/errors/job-error.ts';
import { createBreakerScene, judgeAll, poison, watch } from '../../support/breaker-scene.ts';
import { aSession } from '../../support/builders.ts';

const [A, B, C] = [aSession('session_a'), aSession('session_b'), aSession('session_c')];
const HEALTHY = aSession('session_healthy');

/** What Crisp may say under one session's path, while all is well elsewhere. */
const CRISPS: readonly JobErrorCode[] = [
  'crisp_route_unknown',
  'crisp_auth_failed',
  'crisp_tls_failed',
  'crisp_unreachable',
  'crisp_timeout',
  'crisp_unavailable',
  'crisp_error',
  'unexpected_redirect',
  'bad_response',
  'bad_encoding',
];
const VERDICTS: readonly JobErrorCode[] = [
  'crisp_forbidden',
  'crisp_not_subscribed',
  'crisp_rejected',
  'session_mismatch',
  'response_too_large',
];
const REFUSALS: readonly JobErrorCode[] = ['crisp_rate_limited', 'crisp_quota_exceeded'];

describe('one session alone never holds the queue', () => {
  test.each([...CRISPS, ...VERDICTS])('%s, however often, beside a healthy one', async (code) => {
    const scene = createBreakerScene();
    await scene.notes.noteSuccess(HEALTHY, 0);
    poison(scene, code);

    const blames = await judgeAll(scene, Array(20).fill(A), code);

    expect(new Set(blames)).toEqual(new Set(['session']));
    expect(scene.tap.state).toBe('on');
  });

  test.each([...CRISPS, ...VERDICTS])(
    '%s, however often, where it is the only session there is',
    async (code) => {
      const scene = createBreakerScene();
      poison(scene, code, { healthy: [] });

      const blames = await judgeAll(scene, Array(20).fill(A), code);

      expect(new Set(blames)).toEqual(new Set([VERDICTS.includes(code) ? 'unconfirmed' : 'session']));
      expect(scene.tap.state).toBe('on');
    },
  );

  test.each(REFUSALS)('%s is excused, and its own once half of its receives are spent', async (code) => {
    const scene = createBreakerScene();
    await scene.notes.noteSuccess(HEALTHY, 0);
    poison(scene, code);

    const blames = [...(await judgeAll(scene, [A], code, 9)), ...(await judgeAll(scene, [A], code, 10))];

    expect(blames).toEqual(['refusal', 'session']);
    expect(scene.tap.state).toBe('on');
  });
});

describe('three sessions in a row hold it for one look, which a healthy one refutes', () => {
  test.each(CRISPS)('%s', async (code) => {
    const scene = createBreakerScene();
    poison(scene, code);
    await judgeAll(scene, [A, B, C], code);
    const during = scene.tap.state;
    // A run that was under way.
    await scene.anInstance().noteSuccess(HEALTHY);
    await scene.notes.noteFailure(C, 0);

    await watch(scene, 1);
    const after = scene.tap.state;
    const blames = await judgeAll(scene, [C, C, C, C, C], code);

    expect([during, after]).toEqual(['off', 'on']);
    expect((await scene.notes.readOpening())?.closing?.wasFalseAlarm).toBe(true);
    expect(blames).toEqual(Array(5).fill('session'));
    expect(scene.tap.state).toBe('on');
  });

  test.each([...CRISPS, ...VERDICTS])(
    '%s, with nobody known to be healthy: a trial, and the first success',
    async (code) => {
      const scene = createBreakerScene();
      poison(scene, code);
      await judgeAll(scene, [A, B, C], code);

      await watch(scene, 1);
      const onTrial = scene.tap.state;
      await scene.anInstance().noteSuccess(HEALTHY);
      const blames = await judgeAll(scene, [A, B, C], code);

      expect([onTrial, scene.tap.state]).toEqual(['on', 'on']);
      expect(blames).toEqual(Array(3).fill('session'));
    },
  );

  test('a limit lets some pass: after a trial the first success refutes nobody', async () => {
    const scene = createBreakerScene();
    poison(scene, 'crisp_quota_exceeded');
    await judgeAll(scene, [A, B, C], 'crisp_quota_exceeded');

    await watch(scene, 1);
    const onTrial = scene.tap.state;
    await scene.anInstance().noteSuccess(HEALTHY);

    expect(onTrial).toBe('on');
    expect((await scene.notes.readRow()).refuted.sessions).toEqual([]);
  });

  test('a limit that three sessions alone meet holds the queue once, and is their own after half of the receives', async () => {
    const scene = createBreakerScene();
    await scene.notes.noteSuccess(HEALTHY, 0);
    poison(scene, 'crisp_quota_exceeded');
    const before = await judgeAll(scene, [A, B, C], 'crisp_quota_exceeded');

    await watch(scene, 1);
    await scene.clock.advance(5000);
    const young = await judgeAll(scene, [A, B, C], 'crisp_quota_exceeded', 9);
    const old = await judgeAll(scene, [A, B, C], 'crisp_quota_exceeded', 10);

    expect(before).toEqual(['refusal', 'refusal', 'outage']);
    expect([...young, ...old]).toEqual([...Array(3).fill('refusal'), ...Array(3).fill('session')]);
    expect(scene.tap.state).toBe('on');
  });

  test('who was refuted is not dead of a verdict that nobody can confirm', async () => {
    const scene = createBreakerScene();
    await scene.notes.refute([`${A.websiteId}:${A.sessionId}`], scene.clock.nowMs());
    poison(scene, 'crisp_rejected', { healthy: [] });

    expect(await judgeAll(scene, [A], 'crisp_rejected')).toEqual(['unconfirmed']);
  });

  test('a right that one object lacks: after the trial it is that session’s own', async () => {
    const scene = createBreakerScene();
    const denied = scene.failedRun('downstream_denied');
    const { error } = denied;
    const failed = { ...denied, error: new JobError(error.code) };
    const first = await scene.anInstance().judge(A, failed);

    await watch(scene, 1);
    await scene.anInstance().noteSuccess(HEALTHY);
    const blame = await scene.anInstance().judge(A, failed);

    expect([first, blame, scene.tap.state]).toEqual(['outage', 'session', 'on']);
  });

  test('whoever was refuted is believed again after a success of its own, and may still see an outage', async () => {
    const scene = createBreakerScene();
    await scene.notes.refute([`${A.websiteId}:${A.sessionId}`], scene.clock.nowMs());
    scene.fail = () => new JobError('crisp_unavailable');

    const duringOutage = await judgeAll(scene, [A], 'crisp_unavailable');
    await scene.notes.noteSuccess(A, scene.clock.nowMs());

    expect(duringOutage).toEqual(['outage']);
    expect((await scene.notes.readRow()).refuted.sessions).toEqual([]);
  });

  test('a Crisp that fails now and then refutes nobody: one answer more or less proves nothing', async () => {
    const scene = createBreakerScene();
    poison(scene, 'crisp_unavailable');
    await judgeAll(scene, [A, B, C], 'crisp_unavailable');
    await scene.anInstance().noteSuccess(HEALTHY);
    let asked = 0;
    // Own fails, the other is answered, own fails, the other fails.
    scene.fail = () => {
      asked += 1;
      return asked === 2 ? undefined : new JobError('crisp_unavailable');
    };

    await watch(scene, 1);

    expect(asked).toBe(4);
    expect(scene.tap.state).toBe('off');
    expect((await scene.notes.readRow()).refuted.sessions).toEqual([]);
  });
});
