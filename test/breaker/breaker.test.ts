import { describe, expect, test } from 'vitest';
import { isBlindLookDue, isLookDue } from '../../lib/breaker/breaker.ts';
import { isControlFailure, isLongRefusal, toEvidence } from '../../lib/breaker/evidence.ts';
import { type Evidence, JOB_ERRORS, JobError, type JobErrorCode } from '../../lib/errors.ts';
import { type SessionRef, toSessionKey } from '../../lib/ids.ts';
import { createBreakerScene, judgeAll, judgeRemovals, routesOf } from '../support/breaker-scene.ts';
import { aSession } from '../support/builders.ts';

describe('create breaker', () => {
  const [A, B, C] = [aSession('session_a'), aSession('session_b'), aSession('session_c')];
  const unavailable = () => new JobError('crisp_unavailable');

  describe('an outage opens the breaker and is no session’s own', () => {
    test.each([
      ['a rejected token', 'crisp_auth_failed', {}],
      ['an address where nothing is known', 'crisp_route_unknown', {}],
      ['a certificate that cannot be verified', 'crisp_tls_failed', {}],
      ['a spent quota', 'crisp_quota_exceeded', {}],
      ['a refusal for more than a minute', 'crisp_rate_limited', { retryAfterMs: 61_000 }],
      ['a website of which the plugin was uninstalled', 'crisp_not_subscribed', {}],
    ] as const)('%s, at once, for the control call says the same', async (_title, code, run) => {
      const scene = createBreakerScene();
      scene.fail = () => new JobError(code);
      const breaker = scene.anInstance();

      expect(await breaker.judge(A, scene.failedRun(code, run))).toBe('outage');
      expect(scene.mapping.state).toBe('off');
      expect(routesOf(scene)).toEqual(['website']);
      expect(await breaker.holding()).toBe(code);
    });

    test.each([
      ['a right that is missing downstream', 'downstream_denied', {}],
      ['a refusal after half of a message’s receives', 'crisp_rate_limited', { receiveCount: 10 }],
    ] as const)('%s, at once and without a call', async (_title, code, run) => {
      const scene = createBreakerScene();
      expect(await scene.anInstance().judge(A, scene.failedRun(code, run))).toBe('outage');
      expect(scene.mapping.state).toBe('off');
      expect(scene.asked).toEqual([]);
    });

    test('a failure of Crisp that the control call shares', async () => {
      const scene = createBreakerScene();
      scene.fail = unavailable;
      expect(await scene.anInstance().judge(A, scene.failedRun('crisp_timeout'))).toBe('outage');
      expect(scene.mapping.state).toBe('off');
    });

    test.each(['crisp_timeout', 'archive_failed', 'topic_failed', 'unexpected'] as const)(
      '%s of the third different session in a row',
      async (code) => {
        const scene = createBreakerScene();
        const blames = await judgeAll(scene, [A, B, B, C], code);
        expect(blames).toEqual(['session', 'session', 'session', 'outage']);
        expect(scene.mapping.state).toBe('off');
      },
    );

    test('refusals of three sessions that have lasted for ten seconds, and not before', async () => {
      const scene = createBreakerScene();
      const breaker = scene.anInstance();
      const refuse = (...sessions: SessionRef[]) =>
        judgeAll(scene, sessions, 'crisp_rate_limited', { breaker });

      expect(await refuse(A, B)).toEqual(['refusal', 'refusal']);
      await scene.clock.advance(9_999);
      expect(await refuse(C)).toEqual(['refusal']);
      await scene.clock.advance(1);
      expect(await refuse(A)).toEqual(['outage']);
    });

    test('a refusal that asks for a while is not looked at before', async () => {
      const scene = createBreakerScene();
      scene.fail = () => new JobError('crisp_quota_exceeded');

      await scene.anInstance().judge(A, scene.failedRun('crisp_quota_exceeded', { retryAfterMs: 1_800_000 }));

      expect(await scene.notes.readOpening()).toMatchObject({
        code: 'crisp_quota_exceeded',
        route: 'website/conversation',
        session: A,
        holdOffSeconds: 60,
        nextProbeMs: scene.clock.nowMs() + 1_800_000,
      });
      expect(scene.telemetry.named('breaker-opened')).toMatchObject([{ nextLookSeconds: 1800 }]);
    });

    describe('the day’s calls end with the question that a failed run raises', () => {
      const HEALTHY = aSession('session_healthy');
      const budgetSpent = () => new JobError('quota_exhausted');

      test.each([
        ['crisp_timeout', {}],
        ['crisp_quota_exceeded', {}],
        ['crisp_rate_limited', { receiveCount: 10 }],
        ['crisp_forbidden', {}],
      ] as const)(
        'after %s: the budget is what holds the queue, and no session failed',
        async (code, run) => {
          const scene = createBreakerScene();
          const breaker = scene.anInstance();
          await breaker.noteSuccess(HEALTHY);
          scene.fail = budgetSpent;

          expect(await breaker.judge(A, scene.failedRun(code, run))).toBe('outage');
          expect(await scene.notes.readOpening()).toMatchObject({ code: 'quota_exhausted' });
          expect((await scene.notes.readRow()).failed).not.toContain(toSessionKey(HEALTHY));
          expect(scene.asked).toHaveLength(1);
          expect(scene.telemetry.named('breaker-asked').map(({ outcome }) => outcome)).not.toContain(
            'failing',
          );
        },
      );

      test('also where others were served lately while this one failed', async () => {
        const scene = createBreakerScene();
        const breaker = scene.anInstance();
        await scene.notes.refute([toSessionKey(A)], scene.clock.nowMs());
        scene.fail = budgetSpent;

        expect(await breaker.judge(A, scene.failedRun('crisp_forbidden'))).toBe('outage');
        expect(await breaker.holding()).toBe('quota_exhausted');
      });
    });

    test('eleven removals in a row, however long a Crisp that has lost everything goes on', async () => {
      const scene = createBreakerScene();
      const breaker = scene.anInstance();

      expect(await judgeRemovals(breaker, 12)).toEqual([...Array(10).fill('removed'), 'outage', 'outage']);
      expect(scene.mapping.state).toBe('off');
      expect(await breaker.holding()).toBe('too_many_removals');
    });
  });

  describe('what is the session’s own', () => {
    test('a control call whose time was up proves nothing', async () => {
      const scene = createBreakerScene();
      scene.fail = () => new JobError('deadline_reached');
      expect(await scene.anInstance().judge(A, scene.failedRun('crisp_timeout'))).toBe('session');
    });

    test.each([
      'ledger_failed',
      'record_superseded',
      'deadline_reached',
      'paging_stuck',
      'paging_cap_reached',
      'conversation_too_large',
      'schema_mismatch',
    ] as const)('%s, of however many sessions', async (code) => {
      const scene = createBreakerScene();
      const blames = await judgeAll(scene, [A, B, C], code, { breaker: scene.anInstance() });
      expect(blames).toEqual(['session', 'session', 'session']);
      expect((await scene.notes.readRow()).failed).toEqual([]);
    });

    test('three failures with a success between them, whichever instance saw it', async () => {
      const scene = createBreakerScene();
      const [one, other] = [scene.anInstance(), scene.anInstance()];
      const failed = scene.failedRun('archive_failed');

      await one.judge(A, failed);
      await one.judge(B, failed);
      await other.noteSuccess(aSession('session_healthy'));

      expect(await one.judge(C, failed)).toBe('session');
    });

    test('removals with a fetched conversation between them are as many as there are', async () => {
      const breaker = createBreakerScene().anInstance();
      await judgeRemovals(breaker, 10);
      await breaker.noteSuccess(A);
      expect(await breaker.judgeRemoval(aSession('session_11'))).toBe('removed');
    });

    test('a removal that is judged again, because its message came back, is still one', async () => {
      const breaker = createBreakerScene().anInstance();
      const judged = new Set<string>();
      for (let receive = 0; receive < 20; receive += 1) judged.add(await breaker.judgeRemoval(A));
      expect([...judged]).toEqual(['removed']);
    });
  });

  describe('while it opens', () => {
    test('what is still delivered costs no call, on other instances after five seconds at most', async () => {
      const scene = createBreakerScene();
      const [one, other] = [scene.anInstance(), scene.anInstance()];
      const before = await other.holding();

      await one.judge(A, scene.failedRun('downstream_denied'));
      await scene.clock.advance(5000);
      const during = await other.holding();
      await other.judge(B, scene.failedRun('crisp_timeout'));

      expect([before, during]).toEqual([undefined, 'downstream_denied']);
      expect(scene.asked).toEqual([]);
    });

    test('sessions that fail together open it once', async () => {
      const scene = createBreakerScene();
      const breaker = scene.anInstance();

      const blames = await Promise.all(
        [A, B, C].map((session) => breaker.judge(session, scene.failedRun('downstream_denied'))),
      );

      expect(blames).toEqual(['outage', 'outage', 'outage']);
      expect(scene.telemetry.named('breaker-opened')).toHaveLength(1);
    });

    test('an instance that has not heard of it yet opens no second time, and makes no relapse of it', async () => {
      const scene = createBreakerScene();
      const [one, other] = [scene.anInstance(), scene.anInstance()];
      await other.holding();
      await one.judge(A, scene.failedRun('downstream_denied'));
      const opening = await scene.notes.readOpening();

      await scene.clock.advance(1000);
      await other.judge(B, scene.failedRun('downstream_denied'));

      expect(await scene.notes.readOpening()).toEqual(opening);
      expect(scene.telemetry.named('breaker-opened')).toHaveLength(1);
    });

    test('a note that nobody took back holds an enabled queue for two minutes, no longer', async () => {
      const scene = createBreakerScene();
      const breaker = scene.anInstance();
      await breaker.judge(A, scene.failedRun('downstream_denied'));
      scene.mapping.state = 'on';

      await scene.clock.advance(119_999);
      const before = await breaker.holding();
      await scene.clock.advance(1);

      expect([before, await breaker.holding()]).toEqual(['downstream_denied', undefined]);
    });

    test('an instance believes a closing, its own opening notwithstanding', async () => {
      const scene = createBreakerScene();
      const breaker = scene.anInstance();
      await breaker.judge(A, scene.failedRun('downstream_denied'));

      const openedMs = scene.clock.nowMs();
      await scene.clock.advance(10_000);
      await scene.notes.noteClosing(openedMs, { closedMs: scene.clock.nowMs(), wasFalseAlarm: false });
      await scene.clock.advance(5000);

      expect(await breaker.holding()).toBeUndefined();
    });

    test('a relapse doubles the hold-off, up to fifteen minutes', async () => {
      const scene = createBreakerScene();
      const breaker = scene.anInstance();

      const holdOffs: unknown[] = [];
      for (let relapse = 0; relapse < 6; relapse += 1) {
        await breaker.judge(A, scene.failedRun('downstream_denied'));
        holdOffs.push((await scene.notes.readOpening())?.holdOffSeconds);
        const nowMs = scene.clock.nowMs();
        await scene.notes.noteClosing(nowMs, { closedMs: nowMs, wasFalseAlarm: false });
        await scene.clock.advance(10_000);
      }

      expect(holdOffs).toEqual([60, 120, 240, 480, 900, 900]);
    });
  });
});

describe('to evidence', () => {
  // What is not named here says nothing about other sessions.
  const SPEAKING: Partial<Record<JobErrorCode, Evidence>> = {
    crisp_unreachable: 'crisp',
    crisp_timeout: 'crisp',
    crisp_unavailable: 'crisp',
    crisp_error: 'crisp',
    unexpected_redirect: 'crisp',
    bad_response: 'crisp',
    bad_encoding: 'crisp',
    crisp_auth_failed: 'crisp',
    crisp_tls_failed: 'crisp',
    crisp_route_unknown: 'crisp',
    crisp_quota_exceeded: 'refusal',
    quota_exhausted: 'budget',
    crisp_rate_limited: 'refusal',
    crisp_forbidden: 'verdict',
    crisp_not_subscribed: 'verdict',
    crisp_rejected: 'verdict',
    session_mismatch: 'verdict',
    response_too_large: 'verdict',
    downstream_denied: 'denied',
    archive_failed: 'platform',
    topic_failed: 'platform',
    unexpected: 'platform',
  };

  // The keys of the table are its codes.
  const CODES = Object.keys(JOB_ERRORS) as JobErrorCode[];

  test.each(CODES)('%s says about other sessions what the table says', (code) => {
    expect(toEvidence(new JobError(code))).toBe(SPEAKING[code] ?? 'none');
  });

  test.each([
    ['crisp_rate_limited', 60_000, false],
    ['crisp_rate_limited', 60_001, true],
    ['crisp_quota_exceeded', undefined, true],
  ] as const)('%s that asks for %s ms lasts: %s', (code, retryAfterMs, isLong) => {
    expect(isLongRefusal(new JobError(code, retryAfterMs === undefined ? {} : { retryAfterMs }))).toBe(
      isLong,
    );
  });

  test('that the token may not read the website says nothing, and the control call was answered', () => {
    const forbidden = new JobError('crisp_forbidden', { route: 'website' });
    expect([toEvidence(forbidden), isControlFailure(forbidden)]).toEqual(['none', false]);
  });

  test.each([
    ['crisp_unavailable', true],
    ['crisp_auth_failed', true],
    ['crisp_quota_exceeded', true],
    ['crisp_not_subscribed', true],
    ['crisp_rejected', false],
    ['deadline_reached', false],
  ] as const)('a control call that fails with %s counts: %s', (code, counts) => {
    expect(isControlFailure(new JobError(code, { route: 'website' }))).toBe(counts);
  });
});

describe('probe times', () => {
  const HOUR_MS = 3_600_000;

  test('a schedule that is ten seconds early does not put a look off by a minute', () => {
    expect(isLookDue({ nextProbeMs: 100_000 }, 90_000)).toBe(true);
    expect(isLookDue({ nextProbeMs: 100_000 }, 89_999)).toBe(false);
  });

  test('without the ledger four of an hour’s sixty runs look', () => {
    const runs = Array.from({ length: 60 }, (_, minute) => 17 * HOUR_MS + 4321 + minute * 60_000);
    expect(runs.filter(isBlindLookDue)).toHaveLength(4);
  });
});
