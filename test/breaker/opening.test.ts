import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HELD_FOR_MS, isHeld, toHoldOffSeconds, toNextProbeMs } from '../../lib/breaker/opening.ts';
import { resumeConsumer } from '../../lib/breaker/pause.ts';
import { JobError } from '../../lib/errors.ts';
import type { NotedOpening } from '../../lib/ledger/breaker-notes.ts';
import {
  anOpenBreaker,
  createBreakerScene,
  judgeAll,
  judgeRemovals,
  watch,
  watchMapping,
} from '../support/breaker-scene.ts';
import { aSession } from '../support/builders.ts';

describe('hold off', () => {
  const NOW_MS = 1_790_856_000_000;
  const MINUTE_MS = 60_000;

  function anOpening(opening: Partial<NotedOpening> = {}): NotedOpening {
    return {
      openedMs: NOW_MS,
      code: 'crisp_unavailable',
      route: 'website/conversation',
      session: undefined,
      holdOffSeconds: 60,
      nextProbeMs: NOW_MS + MINUTE_MS,
      failedProbes: 0,
      closing: undefined,
      ...opening,
    };
  }

  function closedAt(closedMs: number, wasFalseAlarm = false): NotedOpening {
    return anOpening({ holdOffSeconds: 240, closing: { closedMs, wasFalseAlarm } });
  }

  test.each([
    ['the first opening', undefined, 60],
    ['an opening 29 minutes after a close', closedAt(NOW_MS - 29 * MINUTE_MS), 480],
    ['an opening 30 minutes after a close', closedAt(NOW_MS - 30 * MINUTE_MS), 60],
    ['an opening soon after a false alarm', closedAt(NOW_MS - MINUTE_MS, true), 60],
  ])('%s waits as long as it should', (_title, previous, seconds) => {
    expect(toHoldOffSeconds(previous, NOW_MS)).toBe(seconds);
  });

  test('an opening whose closing was never noted counts as over when it was last to be looked at', () => {
    const lost = anOpening({ openedMs: NOW_MS - 300 * MINUTE_MS, holdOffSeconds: 900 });
    expect(toHoldOffSeconds({ ...lost, nextProbeMs: NOW_MS - 10 * MINUTE_MS }, NOW_MS)).toBe(900);
    expect(toHoldOffSeconds({ ...lost, nextProbeMs: NOW_MS - 200 * MINUTE_MS }, NOW_MS)).toBe(60);
  });

  test('a hold-off is between one minute and fifteen, whatever was noted', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: 0, max: 1e7 }), (noted, agoMs) => {
        const previous = anOpening({
          holdOffSeconds: noted,
          closing: { closedMs: NOW_MS - agoMs, wasFalseAlarm: false },
        });

        const seconds = toHoldOffSeconds(previous, NOW_MS);

        expect(seconds).toBeGreaterThanOrEqual(60);
        expect(seconds).toBeLessThanOrEqual(900);
      }),
    );
  });

  test('the next look comes after the hold-off and after Retry-After, but within an hour for the latter', () => {
    expect(toNextProbeMs(NOW_MS, 60)).toBe(NOW_MS + MINUTE_MS);
    expect(toNextProbeMs(NOW_MS, 60, 30_000)).toBe(NOW_MS + MINUTE_MS);
    expect(toNextProbeMs(NOW_MS, 60, 20 * MINUTE_MS)).toBe(NOW_MS + 20 * MINUTE_MS);
    expect(toNextProbeMs(NOW_MS, 60, 24 * 60 * MINUTE_MS)).toBe(NOW_MS + 60 * MINUTE_MS);
  });

  test('an opening holds what is still delivered for two minutes, and a closed one nothing', () => {
    expect(isHeld(anOpening(), NOW_MS + HELD_FOR_MS - 1)).toBe(true);
    expect(isHeld(anOpening(), NOW_MS + HELD_FOR_MS)).toBe(false);
    expect(isHeld(closedAt(NOW_MS), NOW_MS + 1)).toBe(false);
  });
});

describe('open breaker', () => {
  const [A, B, C] = [aSession('session_a'), aSession('session_b'), aSession('session_c')];
  const unavailable = () => new JobError('crisp_unavailable');

  test('an instance that ends while it turns the switch has noted why', async () => {
    const scene = createBreakerScene();
    const { turnOff } = scene.mapping;
    let noted: string | undefined;
    scene.mapping.turnOff = async () => {
      noted = (await scene.notes.readOpening())?.code;
      await turnOff();
    };

    await scene.anInstance().judge(A, scene.failedRun('downstream_denied'));

    expect(noted).toBe('downstream_denied');
  });

  test('an opening whose switch could not be turned holds nothing back, and starts no series', async () => {
    const scene = createBreakerScene();
    scene.mapping.failure = new JobError('switch_failed', { detail: 'access_denied' });
    await scene.anInstance().judge(A, scene.failedRun('downstream_denied'));
    const held = await scene.anInstance().holding();
    scene.mapping.failure = undefined;

    await scene.clock.advance(30_000);
    await scene.anInstance().judge(A, scene.failedRun('downstream_denied'));

    expect(held).toBeUndefined();
    expect(await scene.notes.readOpening()).toMatchObject({ holdOffSeconds: 60, closing: undefined });
  });

  test('a run that was under way since before leaves hold-off and looks as they are, the queue being held', async () => {
    const scene = await anOpenBreaker(A, 'crisp_unavailable');
    await watch(scene, 4);
    const before = await scene.notes.readOpening();

    expect(await scene.anInstance().judge(B, scene.failedRun('crisp_unavailable'))).toBe('outage');
    expect(before).toMatchObject({ failedProbes: 2, holdOffSeconds: 240 });
    expect(await scene.notes.readOpening()).toEqual(before);
    expect(scene.telemetry.named('breaker-opened')).toHaveLength(1);
  });

  test('an opening that nobody closed is replaced once the queue is on', async () => {
    const scene = await anOpenBreaker(A, 'crisp_unavailable');
    await scene.clock.advance(180_000);
    scene.mapping.state = 'on';

    await scene.anInstance().judge(B, scene.failedRun('crisp_unavailable'));

    expect(scene.mapping.state).toBe('off');
    expect(await scene.notes.readOpening()).toMatchObject({ session: B, openedMs: scene.clock.nowMs() });
  });

  test('an opening that comes while the probe closes the last one is not closed with it', async () => {
    const scene = await anOpenBreaker(A, 'crisp_unavailable');
    const { clearRow } = scene.notes;
    scene.fail = () => undefined;
    scene.notes.clearRow = async () => {
      await clearRow();
      await scene.clock.advance(70_000);
      await scene.anInstance().judge(B, scene.failedRun('downstream_denied'));
    };

    await watch(scene, 1);

    expect(scene.mapping.state).toBe('off');
    expect(await scene.notes.readOpening()).toMatchObject({ code: 'downstream_denied', closing: undefined });
  });

  test('an instance believes a resume by a machine whose clock is a minute behind', async () => {
    const scene = createBreakerScene();
    const breaker = scene.anInstance();
    await breaker.judge(A, scene.failedRun('downstream_denied'));
    const clock = { ...scene.clock, nowMs: () => scene.clock.nowMs() - 60_000 };

    await scene.clock.advance(20_000);
    await resumeConsumer({ notes: scene.notes, mapping: scene.mapping, clock });
    await scene.clock.advance(5000);

    expect(await breaker.holding()).toBeUndefined();
  });

  describe('one opening', () => {
    test('of instances that open at the same moment, for different reasons: told once, with the code that is noted', async () => {
      const scene = createBreakerScene();
      scene.fail = () => new JobError('crisp_unavailable');
      const [one, other, third] = [scene.anInstance(), scene.anInstance(), scene.anInstance()];

      await Promise.all([
        one.judge(A, scene.failedRun('crisp_unavailable')),
        other.judge(B, scene.failedRun('crisp_timeout')),
        third.judge(C, scene.failedRun('downstream_denied')),
      ]);

      const told = scene.telemetry.named('breaker-opened');
      expect(told).toHaveLength(1);
      expect(told[0]?.code).toBe((await scene.notes.readOpening())?.code);
      expect(await Promise.all([one, other, third].map((instance) => instance.holding()))).toEqual(
        Array(3).fill(told[0]?.code),
      );
    });

    test('whose note’s answer was lost is told all the same', async () => {
      const scene = createBreakerScene();
      const { noteOpening } = scene.notes;
      scene.notes.noteOpening = async (...args) => {
        await noteOpening(...args);
        return false;
      };

      await scene.anInstance().judge(A, scene.failedRun('downstream_denied'));

      expect(scene.telemetry.named('breaker-opened')).toHaveLength(1);
    });

    test('each look that fails names the real next one', async () => {
      const scene = createBreakerScene();
      scene.fail = () => new JobError('crisp_quota_exceeded', { retryAfterMs: 1_800_000 });
      await scene.anInstance().judge(A, scene.failedRun('crisp_quota_exceeded', { retryAfterMs: 120_000 }));

      await watch(scene, 2);

      expect(scene.telemetry.named('breaker-opened')).toMatchObject([{ nextLookSeconds: 120 }]);
      expect(scene.telemetry.named('breaker-probed')).toMatchObject([{ nextLookSeconds: 1800 }]);
    });
  });

  describe('without its helpers', () => {
    test('with the ledger away it still opens for what is clear, and blames the session for what is not', async () => {
      const scene = createBreakerScene();
      scene.isLedgerAway = true;
      const breaker = scene.anInstance();

      const unclear = [A, B, C].map((session) => breaker.judge(session, scene.failedRun('archive_failed')));
      const blames = await Promise.all(unclear);
      scene.fail = unavailable;
      blames.push(await breaker.judge(A, scene.failedRun('crisp_timeout')));

      expect(blames).toEqual(['session', 'session', 'session', 'outage']);
      expect(scene.mapping.state).toBe('off');
      expect(await breaker.holding()).toBe('crisp_timeout');
      expect(scene.telemetry.named('ledger-unavailable').length).toBeGreaterThan(0);
    });

    test('a removal that cannot be counted waits, and opens nothing', async () => {
      const scene = createBreakerScene();
      scene.isLedgerAway = true;
      expect(await scene.anInstance().judgeRemoval(A)).toBe('outage');
      expect(scene.mapping.state).toBe('on');
    });

    test('a switch that cannot be turned holds nothing back, is told, and is not tried by every message', async () => {
      const scene = createBreakerScene();
      scene.mapping.failure = new JobError('switch_failed', { detail: 'access_denied' });
      const breaker = scene.anInstance();

      const blames = await judgeAll(scene, [A, B, C], 'downstream_denied', { breaker });
      const told = scene.telemetry.named('breaker-unchanged');
      scene.mapping.failure = undefined;
      await scene.clock.advance(30_000);
      await breaker.judge(A, scene.failedRun('downstream_denied'));

      expect(blames).toEqual(['outage', 'outage', 'outage']);
      expect(told).toEqual([{ name: 'breaker-unchanged', code: 'switch_failed:access_denied' }]);
      expect(scene.mapping.state).toBe('off');
    });
  });
});

describe('look at crisp', () => {
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

      expect(await watchMapping(scene, 1)).toEqual(['off', 'on']);
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
      scene.fail = ({ sessionId }) =>
        sessionId === A.sessionId ? new JobError('conversation_missing') : undefined;
      expect(await watchMapping(scene, 2)).toEqual(['off', 'on']);
      expect((await scene.notes.readOpening())?.closing?.wasFalseAlarm).toBe(false);
    });
  });

  describe('a trial', () => {
    test('for a route that refuses, where nobody else is known and the website answers', async () => {
      const run = { receiveCount: 10, route: 'website/conversation/messages' };
      const scene = await anOpenBreaker(A, 'crisp_rate_limited', run);
      scene.fail = ({ route }) => (route === 'website' ? undefined : new JobError('crisp_rate_limited'));
      expect(await watchMapping(scene, 1)).toEqual(['off', 'on']);
    });

    test('for too many removals, where the healthy session is itself gone; the next removal opens again', async () => {
      const scene = createBreakerScene();
      const breaker = scene.anInstance();
      await breaker.noteSuccess(HEALTHY);
      await judgeRemovals(breaker, 11);
      scene.fail = () => new JobError('conversation_missing');

      expect(await watchMapping(scene, 6, 1)).toEqual(['off', 'off', 'on']);
      expect(await breaker.judgeRemoval(aSession('session_12'))).toBe('outage');
      expect(scene.mapping.state).toBe('off');
    });
  });
});
