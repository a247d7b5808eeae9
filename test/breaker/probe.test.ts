import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProbeHandler } from '../../lib/breaker/probe.ts';
import { systemClock } from '../../lib/clock.ts';
import { parseProbeConfig } from '../../lib/config/parse.ts';
import { createEnvironmentSecrets } from '../../lib/config/secret-reader.ts';
import { JobError } from '../../lib/errors.ts';
import { createDynamoBreakerNotes } from '../../lib/ledger/breaker-notes.ts';
import { createLambdaContext } from '../../lib/local/lambda/instances.ts';
import {
  anOpenBreaker,
  createBreakerScene,
  createMemoryMapping,
  judgeAll,
  judgeRemovals,
  routesOf,
  watch,
  watchMapping,
} from '../support/breaker-scene.ts';
import { aSession, RESOURCES, TOKEN } from '../support/builders.ts';
import { createScriptedCrisp, type ScriptedAnswer } from '../support/crisp.ts';
import { startEmbeddedLedger } from '../support/embedded-aws.ts';
import { createRecordingTelemetry } from '../support/memory.ts';

describe('create probe handler', () => {
  const session = aSession();
  const answer = { data: { website_id: session.websiteId, session_id: session.sessionId } };
  let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

  beforeAll(async () => {
    ledger = await startEmbeddedLedger();
  });
  afterAll(() => ledger.stop());

  test('the function repeats the route that failed, over HTTP, and turns the mapping on once it is answered', async ({
    onTestFinished,
  }) => {
    const answers: ScriptedAnswer[] = [{ status: 503, body: '' }, { status: 503, body: '' }, answer];
    const crisp = await createScriptedCrisp(answers);
    onTestFinished(crisp.close);
    const mapping = createMemoryMapping('off');
    const telemetry = createRecordingTelemetry();
    const notes = createDynamoBreakerNotes(ledger);
    const probe = createProbeHandler(
      parseProbeConfig({
        ...TOKEN,
        ...RESOURCES,
        LEDGER_TABLE: ledger.table,
        CRISP_API_URL: crisp.url.href,
      }),
      {
        secrets: createEnvironmentSecrets({
          source: 'environment',
          hookSecrets: [],
          crispToken: { identifier: 'identifier', key: 'key' },
        }),
        dynamodb: ledger.client,
        mapping,
        telemetry,
      },
    );
    const run = () => {
      const deadlineMs = systemClock.nowMs() + 60_000;
      return probe({}, createLambdaContext({ functionName: 'probe', clock: systemClock, deadlineMs }));
    };
    const opening = {
      openedMs: systemClock.nowMs() - 60_000,
      code: 'crisp_unavailable',
      route: 'website/conversation',
      session,
      holdOffSeconds: 60,
      nextProbeMs: 0,
      failedProbes: 0,
    };
    await notes.noteOpening(opening, undefined);

    await run();
    const refused = [mapping.state, (await notes.readOpening())?.holdOffSeconds];
    await notes.noteOpening(opening, opening.openedMs);
    await run();

    expect(refused).toEqual(['off', 120]);
    expect(mapping.state).toBe('on');
    const website = `/v1/website/${session.websiteId}`;
    const conversation = `${website}/conversation/${session.sessionId}`;
    expect(crisp.requests.map(({ url }) => url)).toEqual([conversation, website, conversation]);
    expect(telemetry.named('breaker-state').map(({ isOpen }) => isOpen)).toEqual([true, false]);
  });
});

describe('probe crisp', () => {
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
      expect(scene.mapping.state).toBe('off');
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

      expect(await watch(scene, 72 * 60)).toHaveLength(291);
      expect(new Set(routesOf(scene))).toEqual(
        new Set([A, HEALTHY].map(({ sessionId }) => `website/conversation/messages ${sessionId}`)),
      );
      expect(scene.mapping.state).toBe('off');
    });

    test('a recovery is noticed at the next look', async () => {
      const scene = await anOpenBreaker(A, 'crisp_unavailable');
      await watch(scene, 20);
      scene.fail = () => undefined;

      expect(await watch(scene, 15)).toEqual([10]);
      expect(scene.mapping.state).toBe('on');
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
      expect(scene.mapping.state).toBe('on');
      expect(scene.telemetry.named('breaker-closed')).toHaveLength(1);
    });

    test('three poisoned sessions in a row are not everything: a healthy one is fetched, so they are to blame', async () => {
      const scene = createBreakerScene();
      const breaker = scene.anInstance();
      await breaker.noteSuccess(HEALTHY);
      scene.fail = ({ sessionId }) => (sessionId?.includes('poisoned') ? unavailable() : undefined);
      const poisoned = [1, 2, 3].map((n) => aSession(`session_poisoned${n}`));
      await judgeAll(scene, poisoned, 'crisp_unavailable', { breaker });

      expect(await watchMapping(scene, 1)).toEqual(['off', 'on']);
      await scene.clock.advance(5000);
      const again = await judgeAll(scene, poisoned.slice(0, 1), 'crisp_unavailable', { breaker });
      expect(again).toEqual(['session']);
      expect((await scene.notes.readOpening())?.closing?.wasFalseAlarm).toBe(true);
    });

    test('a session that was healthy and is among those that fail proves nothing', async () => {
      const scene = createBreakerScene();
      const breaker = scene.anInstance();
      await breaker.noteSuccess(HEALTHY);
      await judgeAll(scene, [HEALTHY, aSession('session_b'), A], 'crisp_unavailable', { breaker });
      scene.fail = unavailable;
      scene.asked.length = 0;

      await watch(scene, 1);

      expect(routesOf(scene)).toEqual([`website/conversation ${A.sessionId}`, 'website']);
      expect(scene.mapping.state).toBe('off');
    });

    test('with nobody known to be healthy, a trial after the first look, if at least the website answers; after a relapse there are three looks before the next', async () => {
      const scene = createBreakerScene();
      const breaker = scene.anInstance();
      await judgeAll(
        scene,
        [1, 2, 3].map((n) => aSession(`session_${n}`)),
        'crisp_unavailable',
        { breaker },
      );
      scene.fail = ({ route }) => (route === 'website' ? undefined : unavailable());

      expect(await watchMapping(scene, 1)).toEqual(['off', 'on']);
      await scene.clock.advance(5000);
      expect(await judgeAll(scene, [A], 'crisp_unavailable', { breaker })).toEqual(['outage']);
      expect(await scene.notes.readOpening()).toMatchObject({ holdOffSeconds: 120 });
      expect(await watchMapping(scene, 13, 1)).toEqual(['off', 'off', 'on']);
    });

    test('a failure of our own platform is tried again after the hold-off, for only a run can tell', async () => {
      const scene = createBreakerScene();
      scene.mapping.state = 'off';
      const openedMs = scene.clock.nowMs();
      const opening = { openedMs, code: 'downstream_denied', route: undefined, session: A, failedProbes: 0 };
      const wait = { holdOffSeconds: 120, nextProbeMs: openedMs + 2 * MINUTE_MS };
      await scene.notes.noteOpening({ ...opening, ...wait }, undefined);

      expect(await watchMapping(scene, 1, 1)).toEqual(['off', 'off', 'on']);
      expect(scene.asked).toEqual([]);
    });

    test('too many removals: a conversation that is still there, and then they are counted anew', async () => {
      const scene = createBreakerScene();
      const breaker = scene.anInstance();
      await breaker.noteSuccess(HEALTHY);
      await judgeRemovals(breaker, 11);
      scene.fail = ({ route }) => (route === 'website' ? undefined : unavailable());
      await watch(scene, 60);
      scene.fail = () => undefined;
      expect(await watchMapping(scene, 15)).toEqual(['off', 'on']);
      expect(await breaker.judgeRemoval(aSession('session_12'))).toBe('removed');
    });
  });
});

describe('probe crisp beliefs', () => {
  const [A, HEALTHY] = [aSession('session_a'), aSession('session_healthy')];
  const unavailable = () => new JobError('crisp_unavailable');

  describe('whom it believes', () => {
    test('the switch, not a note: nothing is asked while it is on, and the note is put right', async () => {
      const scene = await anOpenBreaker(A, 'crisp_unavailable');
      scene.mapping.state = 'on';

      expect(await watch(scene, 3)).toEqual([]);
      expect((await scene.notes.readOpening())?.closing).toBeDefined();
      expect(scene.telemetry.named('breaker-state').at(-1)).toMatchObject({ isOpen: false });
    });

    test('a switch that somebody turned off by hand is turned on again', async () => {
      const scene = createBreakerScene({ websiteIds: [A.websiteId] });
      scene.mapping.state = 'off';

      await watch(scene, 1);

      expect(routesOf(scene)).toEqual(['website']);
      expect(scene.mapping.state).toBe('on');
    });

    test('off for a reason that nobody noted, while Crisp fails: its failure is the reason', async () => {
      const scene = createBreakerScene({ websiteIds: [A.websiteId] });
      await scene.notes.noteSuccess(HEALTHY, 0);
      scene.mapping.state = 'off';
      scene.fail = unavailable;

      expect(await watch(scene, 10)).toEqual([1, 2, 4, 8]);
      expect(await scene.notes.readOpening()).toMatchObject({ code: 'crisp_unavailable', route: 'website' });
    });

    test('a pause is carried out, and not ended by a Crisp that answers', async () => {
      const scene = createBreakerScene();
      await scene.notes.notePause({ sinceMs: 0, reason: 'the CRM is being moved' });

      expect(await watch(scene, 120)).toEqual([]);
      expect(scene.mapping.state).toBe('off');
      expect(scene.telemetry.named('breaker-state').at(-1)).toMatchObject({ isOpen: false, isPaused: true });
    });

    test('with the ledger away it looks four times an hour', async () => {
      const open = createBreakerScene({ websiteIds: [A.websiteId] });
      open.mapping.state = 'off';
      open.fail = unavailable;
      open.isLedgerAway = true;

      const askedAt = await watch(open, 60);
      open.fail = () => undefined;
      await watch(open, 15);

      expect(askedAt).toHaveLength(4);
      expect(open.mapping.state).toBe('on');
    });

    test('with the ledger away and no website known it tries four times an hour', async () => {
      const scene = createBreakerScene();
      scene.mapping.state = 'off';
      scene.isLedgerAway = true;

      await watch(scene, 15);

      expect(scene.mapping.state).toBe('on');
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
      scene.mapping.state = state;
      await watch(scene, 1);
      expect(scene.telemetry.named('breaker-state')).toEqual([{ name: 'breaker-state', ...told }]);
    });

    test('an open breaker with its code, also while it opens', async () => {
      const scene = await anOpenBreaker(A, 'crisp_auth_failed');
      scene.fail = () => new JobError('crisp_auth_failed');
      const told = { name: 'breaker-state', isOpen: true, isPaused: false, code: 'crisp_auth_failed' };

      await watch(scene, 1);
      scene.mapping.state = 'changing';
      await watch(scene, 1);

      expect(scene.telemetry.named('breaker-state')).toEqual([told, told]);
    });

    test('nothing, where the switch cannot be read: the alarm takes silence for the worst', async () => {
      const scene = createBreakerScene();
      scene.mapping.failure = new JobError('switch_failed', { detail: 'access_denied' });

      await watch(scene, 1);

      expect(scene.telemetry.events).toEqual([
        { name: 'breaker-unchanged', code: 'switch_failed:access_denied' },
      ]);
    });
  });
});

describe('probe crisp pause', () => {
  const A = aSession('session_a');
  const PAUSE = { sinceMs: 0, reason: 'the CRM is being moved' };

  async function aPausedScene() {
    const scene = createBreakerScene();
    const probe = scene.aProbe();
    // A quarter of an hour begins: a look without the ledger is due at once, and then at each of its minutes.
    await scene.clock.advance(900_000 - (scene.clock.nowMs() % 900_000) - 120_000);
    await scene.notes.notePause(PAUSE);
    await watch(scene, 1, probe);
    return { scene, probe };
  }

  test('with the ledger away, a pause that was known just now keeps the queue held, for five minutes', async () => {
    const { scene, probe } = await aPausedScene();
    scene.isLedgerAway = true;

    await watch(scene, 4, probe);
    const told = scene.telemetry.named('breaker-state').at(-1);
    const soon = scene.mapping.state;
    await watch(scene, 15, probe);

    expect([soon, scene.mapping.state]).toEqual(['off', 'on']);
    expect(told).toMatchObject({ isOpen: false, isPaused: true });
  });

  test('with the ledger away, a pause that was known turns nothing off: it may have been taken back', async () => {
    const { scene, probe } = await aPausedScene();
    await scene.notes.clearPause();
    scene.mapping.state = 'on';
    scene.isLedgerAway = true;

    await watch(scene, 2, probe);

    expect(scene.mapping.state).toBe('on');
  });

  test('a pause is carried out while another note cannot be read', async () => {
    const scene = createBreakerScene();
    await scene.notes.notePause(PAUSE);
    scene.notes.readOpening = async () => {
      throw new JobError('ledger_failed', { detail: 'no_number' });
    };

    await watch(scene, 1);

    expect(scene.mapping.state).toBe('off');
  });

  test('a pause that comes while Crisp is asked is not ended by its answer', async () => {
    const scene = await anOpenBreaker(A, 'crisp_unavailable');
    let turnedOn = 0;
    const { turnOn } = scene.mapping;
    scene.mapping.turnOn = async () => {
      turnedOn += 1;
      await turnOn();
    };
    scene.fail = () => {
      void scene.notes.notePause(PAUSE);
      return undefined;
    };

    await watch(scene, 1);

    expect([scene.mapping.state, turnedOn]).toEqual(['off', 0]);
    expect(scene.telemetry.named('breaker-closed')).toEqual([]);
  });

  test('a pause that comes while the switch is turned on turns it off again', async () => {
    const scene = await anOpenBreaker(A, 'crisp_unavailable');
    const { turnOn } = scene.mapping;
    scene.fail = () => undefined;
    scene.mapping.turnOn = async () => {
      await scene.notes.notePause(PAUSE);
      await turnOn();
    };

    await watch(scene, 1);

    expect(scene.mapping.state).toBe('off');
    expect(scene.telemetry.named('breaker-closed')).toEqual([]);
  });
});
