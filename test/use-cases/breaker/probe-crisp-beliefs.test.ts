import { describe, expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import { anOpenBreaker, createBreakerScene, routesOf, watch } from '../../support/breaker-scene.ts';
import { aSession } from '../../support/builders.ts';

const [A, HEALTHY] = [aSession('session_a'), aSession('session_healthy')];
const unavailable = () => new JobError('crisp_unavailable');

describe('whom it believes', () => {
  test('the switch, not a note: nothing is asked while it is on, and the note is put right', async () => {
    const scene = await anOpenBreaker(A, 'crisp_unavailable');
    scene.tap.state = 'on';

    const askedAt = await watch(scene, 3);

    expect(askedAt).toEqual([]);
    expect((await scene.notes.readOpening())?.closing).toBeDefined();
    expect(scene.telemetry.named('breaker-state').at(-1)).toMatchObject({ isOpen: false });
  });

  test('a switch that somebody turned off by hand is turned on again', async () => {
    const scene = createBreakerScene({ websiteIds: [A.websiteId] });
    scene.tap.state = 'off';

    await watch(scene, 1);

    expect(routesOf(scene)).toEqual(['website']);
    expect(scene.tap.state).toBe('on');
  });

  test('off for a reason that nobody noted, while Crisp fails: its failure is the reason', async () => {
    const scene = createBreakerScene({ websiteIds: [A.websiteId] });
    await scene.notes.noteSuccess(HEALTHY, 0);
    scene.tap.state = 'off';
    scene.fail = unavailable;

    const askedAt = await watch(scene, 10);

    expect(askedAt).toEqual([1, 2, 4, 8]);
    expect(await scene.notes.readOpening()).toMatchObject({ code: 'crisp_unavailable', route: 'website' });
  });

  test('a pause is carried out, and not ended by a Crisp that answers', async () => {
    const scene = createBreakerScene();
    await scene.notes.notePause({ sinceMs: 0, reason: 'the CRM is being moved' });

    const askedAt = await watch(scene, 120);

    expect(askedAt).toEqual([]);
    expect(scene.tap.state).toBe('off');
    expect(scene.telemetry.named('breaker-state').at(-1)).toMatchObject({ isOpen: false, isPaused: true });
  });

  test('with the ledger away it looks four times an hour', async () => {
    const open = createBreakerScene({ websiteIds: [A.websiteId] });
    open.tap.state = 'off';
    open.fail = unavailable;
    open.isLedgerAway = true;

    const askedAt = await watch(open, 60);
    open.fail = () => undefined;
    await watch(open, 15);

    expect(askedAt).toHaveLength(4);
    expect(open.tap.state).toBe('on');
  });

  test('with the ledger away and no website known it tries four times an hour', async () => {
    const scene = createBreakerScene();
    scene.tap.state = 'off';
    scene.isLedgerAway = true;

    await watch(scene, 15);

    expect(scene.tap.state).toBe('on');
    expect(scene.asked).toEqual([]);
  });
});

describe('what it tells every minute', () => {
  test.each([
    ['on', { isOpen: false, isPaused: false }],
    ['absent', { isOpen: true, isPaused: false, code: 'switch_absent' }],
    ['changing', { isOpen: false, isPaused: false }],
  ] as const)('a switch that is %s', async (state, told) => {
    const scene = createBreakerScene();
    scene.tap.state = state;

    await watch(scene, 1);

    expect(scene.telemetry.named('breaker-state')).toEqual([{ name: 'breaker-state', ...told }]);
  });

  test('an open breaker with its code, also while it opens', async () => {
    const scene = await anOpenBreaker(A, 'crisp_auth_failed');
    scene.fail = () => new JobError('crisp_auth_failed');
    const told = { name: 'breaker-state', isOpen: true, isPaused: false, code: 'crisp_auth_failed' };

    await watch(scene, 1);
    scene.tap.state = 'changing';
    await watch(scene, 1);

    expect(scene.telemetry.named('breaker-state')).toEqual([told, told]);
  });

  test('nothing, where the switch cannot be read: the alarm takes silence for the worst', async () => {
    const scene = createBreakerScene();
    scene.tap.failure = new JobError('switch_failed', { detail: 'access_denied' });

    await watch(scene, 1);

    expect(scene.telemetry.events).toEqual([
      { name: 'breaker-unchanged', code: 'switch_failed:access_denied' },
    ]);
  });
});
