import { describe, expect, test } from 'vitest';
import { JobError, type JobErrorCode } from '../../lib/errors.ts';
import type { SessionRef } from '../../lib/ids.ts';
import {
  createBreakerScene,
  judgeAll,
  poison,
  routesOf,
  watch,
  watchMapping,
} from '../support/breaker-scene.ts';
import { aSession, OTHER_WEBSITE_ID } from '../support/builders.ts';

const [A, B, C] = [aSession('session_a'), aSession('session_b'), aSession('session_c')];
const [D, HEALTHY] = [aSession('session_d'), aSession('session_healthy')];
const VERDICTS: readonly JobErrorCode[] = [
  ...(['crisp_forbidden', 'crisp_not_subscribed', 'crisp_rejected'] as const),
  ...(['session_mismatch', 'response_too_large'] as const),
];

describe('many verdicts are one outage', () => {
  const { websiteId: OTHER_WEBSITE } = aSession('session_a', OTHER_WEBSITE_ID);

  test.each(VERDICTS)('%s for every session: nobody dies, and the queue is held', async (code) => {
    const scene = createBreakerScene();
    poison(scene, code, { healthy: [], website: true });
    await scene.notes.noteSuccess(HEALTHY, 0);

    const blames = await judgeAll(scene, [A, B, C, D], code);
    for (let minute = 0; minute < 6 * 60; minute += 1) {
      await watch(scene, 1);
      // What a trial lets through.
      if (scene.mapping.state === 'on') blames.push(...(await judgeAll(scene, [A, B, C, D], code)));
    }

    expect(blames.slice(0, 2)).not.toContain('session');
    expect(new Set(blames.slice(2))).toEqual(new Set(['outage']));
    expect(scene.mapping.state).toBe('off');
    // A trial costs a message a receive: as seldom as may be.
    expect(scene.telemetry.named('breaker-opened').length).toBeLessThan(12);
  });

  test('a healthy session that is denied as well is one of the three', async () => {
    const scene = createBreakerScene();
    poison(scene, 'crisp_forbidden', { healthy: [] });
    await scene.notes.noteSuccess(HEALTHY, 0);
    expect(await judgeAll(scene, [A, B], 'crisp_forbidden')).toEqual(['unconfirmed', 'outage']);
  });

  test('the plugin uninstalled on the only website: held at the first session, until it is installed again', async () => {
    const scene = createBreakerScene({ websiteIds: [A.websiteId] });
    scene.fail = () => new JobError('crisp_not_subscribed');

    expect(await judgeAll(scene, [A, B], 'crisp_not_subscribed')).toEqual(['outage', 'outage']);
    await watch(scene, 24 * 60);
    scene.fail = () => undefined;
    expect(await watchMapping(scene, 15)).toEqual(['off', 'on']);
    expect((await scene.notes.readRow()).refuted.sessions).toEqual([]);
  });

  test.each([
    ['listed', [A.websiteId, OTHER_WEBSITE]],
    ['not listed', []],
  ])(
    'uninstalled on one website of several (%s): a healthy session of another one settles it',
    async (_title, websiteIds) => {
      const scene = createBreakerScene({ websiteIds });
      const healthy = { ...HEALTHY, websiteId: OTHER_WEBSITE };
      poison(scene, 'crisp_not_subscribed');
      scene.failWebsite = (websiteId) =>
        websiteId === A.websiteId ? new JobError('crisp_not_subscribed') : undefined;

      const judge = (...sessions: SessionRef[]) => judgeAll(scene, sessions, 'crisp_not_subscribed');
      expect(await judge(A, B, C)).toEqual(['outage', 'outage', 'outage']);
      expect(await watchMapping(scene, 1)).toEqual(['off', 'on']);
      await scene.anInstance().noteSuccess(healthy);
      expect(await judge(A, B, C, D)).toEqual(Array(4).fill('session'));
      expect(scene.mapping.state).toBe('on');
    },
  );

  test.each(['crisp_unavailable', 'crisp_auth_failed', 'bad_response'] as const)(
    '%s for a whole website: no session of it holds the others',
    async (code) => {
      const scene = createBreakerScene();
      await scene.notes.noteSuccess({ ...HEALTHY, websiteId: OTHER_WEBSITE }, 0);
      poison(scene, code);
      scene.failWebsite = (websiteId) => (websiteId === A.websiteId ? new JobError(code) : undefined);

      expect(await judgeAll(scene, [A, B, C, D, A, B, C, D], code)).toEqual(Array(8).fill('session'));
      expect(scene.mapping.state).toBe('on');
    },
  );

  test('with the ledger away a verdict is not believed, and the control call still tells', async () => {
    const scene = createBreakerScene();
    scene.isLedgerAway = true;
    poison(scene, 'crisp_rejected', { healthy: [] });

    expect(await judgeAll(scene, [A, B, C], 'crisp_rejected')).toEqual(Array(3).fill('unconfirmed'));
    expect(routesOf(scene)).toEqual(['website', 'website', 'website']);
  });
});

describe('poisoned sessions', () => {
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
  const REFUSALS: readonly JobErrorCode[] = ['crisp_rate_limited', 'crisp_quota_exceeded'];

  describe('one session alone never holds the queue', () => {
    test.each([...CRISPS, ...VERDICTS])('%s, however often, beside a healthy one', async (code) => {
      const scene = createBreakerScene();
      await scene.notes.noteSuccess(HEALTHY, 0);
      poison(scene, code);

      expect(new Set(await judgeAll(scene, Array(20).fill(A), code))).toEqual(new Set(['session']));
      expect(scene.mapping.state).toBe('on');
    });

    test.each([...CRISPS, ...VERDICTS])(
      '%s, however often, where it is the only session there is',
      async (code) => {
        const scene = createBreakerScene();
        poison(scene, code, { healthy: [] });

        const blames = await judgeAll(scene, Array(20).fill(A), code);

        expect(new Set(blames)).toEqual(new Set([VERDICTS.includes(code) ? 'unconfirmed' : 'session']));
        // The control call answered, and nothing else was asked.
        expect(new Set(routesOf(scene))).toEqual(new Set(['website']));
        expect(scene.mapping.state).toBe('on');
      },
    );

    test.each(REFUSALS)('%s is excused, and its own once half of its receives are spent', async (code) => {
      const scene = createBreakerScene();
      await scene.notes.noteSuccess(HEALTHY, 0);
      poison(scene, code);

      const blames = [
        ...(await judgeAll(scene, [A], code, { receiveCount: 9 })),
        ...(await judgeAll(scene, [A], code, { receiveCount: 10 })),
      ];

      expect(blames).toEqual(['refusal', 'session']);
      expect(scene.mapping.state).toBe('on');
    });
  });

  describe('three sessions in a row hold it for one look, which a healthy one refutes', () => {
    test.each(CRISPS)('%s', async (code) => {
      const scene = createBreakerScene();
      poison(scene, code);
      await judgeAll(scene, [A, B, C], code);
      // A run that was under way.
      await scene.anInstance().noteSuccess(HEALTHY);
      await scene.notes.noteFailure(C, 0);

      expect(await watchMapping(scene, 1)).toEqual(['off', 'on']);
      expect(await judgeAll(scene, Array(5).fill(C), code)).toEqual(Array(5).fill('session'));
      expect((await scene.notes.readOpening())?.closing?.wasFalseAlarm).toBe(true);
      expect(scene.mapping.state).toBe('on');
    });

    test.each([...CRISPS, ...VERDICTS])(
      '%s, with nobody known to be healthy: a trial, and the first success',
      async (code) => {
        const scene = createBreakerScene();
        poison(scene, code);
        await judgeAll(scene, [A, B, C], code);

        expect(await watchMapping(scene, 1)).toEqual(['off', 'on']);
        await scene.anInstance().noteSuccess(HEALTHY);
        expect(await judgeAll(scene, [A, B, C], code)).toEqual(Array(3).fill('session'));
        expect(scene.mapping.state).toBe('on');
      },
    );

    test('a limit lets some pass: after a trial the first success refutes nobody', async () => {
      const scene = createBreakerScene();
      poison(scene, 'crisp_quota_exceeded');
      await judgeAll(scene, [A, B, C], 'crisp_quota_exceeded');

      expect(await watchMapping(scene, 1)).toEqual(['off', 'on']);
      await scene.anInstance().noteSuccess(HEALTHY);
      expect((await scene.notes.readRow()).refuted.sessions).toEqual([]);
    });

    test('a limit that three sessions alone meet holds the queue once, and is their own after half of the receives', async () => {
      const scene = createBreakerScene();
      await scene.notes.noteSuccess(HEALTHY, 0);
      poison(scene, 'crisp_quota_exceeded');
      const before = await judgeAll(scene, [A, B, C], 'crisp_quota_exceeded');

      await watch(scene, 1);
      await scene.clock.advance(5000);
      const young = await judgeAll(scene, [A, B, C], 'crisp_quota_exceeded', { receiveCount: 9 });
      const old = await judgeAll(scene, [A, B, C], 'crisp_quota_exceeded', { receiveCount: 10 });

      expect(before).toEqual(['refusal', 'refusal', 'outage']);
      expect([...young, ...old]).toEqual([...Array(3).fill('refusal'), ...Array(3).fill('session')]);
      expect(scene.mapping.state).toBe('on');
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

      expect([first, blame, scene.mapping.state]).toEqual(['outage', 'session', 'on']);
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
      expect(scene.mapping.state).toBe('off');
      expect((await scene.notes.readRow()).refuted.sessions).toEqual([]);
    });
  });
});
