import { describe, expect, test } from 'vitest';
import { JobError, type JobErrorCode } from '../../../lib/core/errors/job-error.ts';
import { createBreakerScene, judgeAll, poison, routesOf, watch } from '../../support/breaker-scene.ts';
import { aSession, OTHER_WEBSITE_ID } from '../../support/builders.ts';

const [A, B, C, D] = [
  aSession('session_a'),
  aSession('session_b'),
  aSession('session_c'),
  aSession('session_d'),
];
const HEALTHY = aSession('session_healthy');
const { websiteId: OTHER_WEBSITE } = aSession('session_a', OTHER_WEBSITE_ID);

const VERDICTS: readonly JobErrorCode[] = [
  'crisp_forbidden',
  'crisp_not_subscribed',
  'crisp_rejected',
  'session_mismatch',
  'response_too_large',
];

describe('many verdicts are one outage', () => {
  test.each(VERDICTS)('%s for every session: nobody dies, and the queue is held', async (code) => {
    const scene = createBreakerScene();
    poison(scene, code, { healthy: [], website: true });
    await scene.notes.noteSuccess(HEALTHY, 0);

    const blames = await judgeAll(scene, [A, B, C, D], code);
    for (let minute = 0; minute < 6 * 60; minute += 1) {
      await watch(scene, 1);
      // What a trial lets through.
      if (scene.tap.state === 'on') blames.push(...(await judgeAll(scene, [A, B, C, D], code)));
    }

    expect(blames.slice(0, 2)).not.toContain('session');
    expect(new Set(blames.slice(2))).toEqual(new Set(['outage']));
    expect(scene.tap.state).toBe('off');
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

    const blames = await judgeAll(scene, [A, B], 'crisp_not_subscribed');
    await watch(scene, 24 * 60);
    const during = scene.tap.state;
    scene.fail = () => undefined;
    await watch(scene, 15);

    expect(blames).toEqual(['outage', 'outage']);
    expect([during, scene.tap.state]).toEqual(['off', 'on']);
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

      const blames = await judgeAll(scene, [A, B, C], 'crisp_not_subscribed');
      const held = scene.tap.state;
      await watch(scene, 1);
      const afterOneLook = scene.tap.state;
      await scene.anInstance().noteSuccess(healthy);
      const settled = await judgeAll(scene, [A, B, C, D], 'crisp_not_subscribed');

      expect(blames).toEqual(['outage', 'outage', 'outage']);
      expect([held, afterOneLook, scene.tap.state]).toEqual(['off', 'on', 'on']);
      expect(settled).toEqual(Array(4).fill('session'));
    },
  );

  test.each(['crisp_unavailable', 'crisp_auth_failed', 'bad_response'] as const)(
    '%s for a whole website: no session of it holds the others',
    async (code) => {
      const scene = createBreakerScene();
      await scene.notes.noteSuccess({ ...HEALTHY, websiteId: OTHER_WEBSITE }, 0);
      poison(scene, code);
      scene.failWebsite = (websiteId) => (websiteId === A.websiteId ? new JobError(code) : undefined);

      const blames = await judgeAll(scene, [A, B, C, D, A, B, C, D], code);

      expect(blames).toEqual(Array(8).fill('session'));
      expect(scene.tap.state).toBe('on');
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
