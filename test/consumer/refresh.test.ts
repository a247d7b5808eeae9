import { describe, expect, test } from 'vitest';
import { DEADLINE_RESERVE_MS } from '../../lib/consumer/refresh.ts';
import { JobError } from '../../lib/errors.ts';
import type { ReceivedMessage } from '../../lib/queue/job.ts';
import type { Latest, StoredLatest } from '../../lib/record/archive.ts';
import {
  aConversation,
  aUnit,
  createBatchScene,
  createRefreshScene,
  failing,
  retained,
  STALE,
} from '../support/batch-scene.ts';
import { aMessage, aSession } from '../support/builders.ts';

describe('a refresh', () => {
  test.each<[string, string[], boolean]>([
    ['incrementally where no message asks for more', ['incremental', 'incremental'], true],
    ['in full where one message asks for it', ['incremental', 'full', 'incremental'], false],
  ])('fetches %s', async (_how, modes, buildsOnEarlier) => {
    const scene = createRefreshScene();
    await scene.run(aUnit({ messages: modes.length, modes }));
    expect(scene.asked).toMatchObject([{ readEarlier: buildsOnEarlier ? expect.any(Function) : undefined }]);
  });

  test.each([
    [6, true],
    [7, false],
  ])('%d days after all pages were read builds on the archive: %s', async (days, buildsOnEarlier) => {
    const scene = createRefreshScene();
    const nowMs = scene.clock.nowMs();
    const full_started_ms = nowMs - days * 24 * 3_600_000;
    scene.archived.latest = anAnnounced({ started_ms: 1, full_started_ms });

    await scene.run(aUnit({ modes: ['incremental'] }));

    expect(scene.asked).toMatchObject([{ readEarlier: buildsOnEarlier ? expect.any(Function) : undefined }]);
  });

  test('announces how it was fetched, and how many messages it absorbed', async () => {
    const scene = createRefreshScene();
    scene.crisp.answer = async () => ({ ...aConversation(), mode: 'incremental' });
    expect(await scene.run(aUnit({ messages: 3 }))).toEqual({ outcome: 'emitted' });
    expect(scene.announced).toEqual([{ mode: 'incremental', absorbed: 2, replaces: null }]);
  });
});

describe('an answer without the newest message', () => {
  function createStaleScene() {
    const scene = createRefreshScene();
    scene.crisp.answer = async () => STALE;
    return scene;
  }

  test('is put off three times with growing waits, then announced as it is', async () => {
    const scene = createStaleScene();
    const unit = aUnit();

    const results = [];
    for (let receive = 1; receive <= 4; receive++) results.push(await scene.run(unit));

    const putOff = [10, 20, 30].map((delaySeconds) => ({ reason: 'stale_read', delaySeconds }));
    expect(results).toEqual([
      ...putOff.map((wait) => ({ outcome: 'deferred', ...wait })),
      { outcome: 'emitted' },
    ]);
  });

  test('is not put off for ever by newer messages that come back with it', async () => {
    const scene = createStaleScene();
    const outcomes = [];
    for (let receive = 1; receive <= 4; receive++)
      outcomes.push((await scene.run(aUnit({ messages: receive, receiveCount: receive }))).outcome);
    expect(outcomes).toEqual(['deferred', 'deferred', 'deferred', 'emitted']);
  });

  test('is put off by its receive count where the ledger is away', async () => {
    const scene = createStaleScene();
    scene.notes.countStaleRead = async () => Promise.reject(new Error('away'));

    expect(await scene.run(aUnit({ receiveCount: 3 }))).toMatchObject({ outcome: 'deferred' });
    expect(await scene.run(aUnit({ receiveCount: 4 }))).toEqual({ outcome: 'emitted' });
    expect(scene.telemetry.named('ledger-unavailable').length).toBeGreaterThanOrEqual(2);
  });
});

const MISSING = new JobError('conversation_missing', { status: 404 });

/** What `latest` says of a record that was announced. */
function anAnnounced(latest: Partial<Latest> = {}): StoredLatest {
  const announced = { version: 1, content_hash: 'sha256:x', announced: true, updated_at: null };
  return { latest: { kind: 'conversation.enriched', ...announced, ...latest }, revision: 'one' };
}

describe('refresh unit', () => {
  /** Handles a message whose conversation is missing, and once more as soon as its absence counts. */
  async function lookTwice(scene: ReturnType<typeof createBatchScene>, message: ReceivedMessage) {
    await scene.handle([message]);
    await scene.clock.advance(10_000);
    return scene.handle([{ ...message, receiveCount: 2 }]);
  }

  const UNAVAILABLE = new JobError('crisp_unavailable', { status: 503 });

  describe('while the breaker holds', () => {
    test('nothing is asked of Crisp, and every due message is back in a minute or two', async () => {
      const scene = createBatchScene();
      scene.breaker.hold('crisp_auth_failed');
      const [a, b] = [aMessage(), aMessage({ session: aSession('session_b') })];

      const outcomes = await scene.handle([a, b]);

      expect(scene.refreshed).toEqual([]);
      expect([...outcomes.values()]).toEqual(Array(2).fill({ outcome: 'retained', reason: 'breaker_open' }));
      expect([scene.hiddenFor(a), scene.hiddenFor(b)]).toEqual([60, 60]);
    });

    test('a message that is early keeps its own time, and one that is dead is still shown again at once', async () => {
      const scene = createBatchScene({ refresh: failing('session_a', new JobError('crisp_forbidden')) });
      const dead = aMessage();
      await scene.handle([dead]);
      scene.breaker.hold('crisp_auth_failed');
      const bucketMs = Math.floor(scene.clock.nowMs() / 60_000) * 60_000;
      const early = aMessage({ job: { bucketMs, notBeforeMs: scene.clock.nowMs() + 7000 } });

      await scene.handle([{ ...dead, receiveCount: 2 }, early]);

      expect(scene.hiddenFor(dead)).toBe(0);
      expect(scene.hiddenFor(early)).toBe(7);
    });

    test('no attempt is spent', async () => {
      const scene = createBatchScene();
      const message = aMessage();
      scene.breaker.hold('crisp_auth_failed');
      for (const receiveCount of [1, 2, 3, 4, 5, 6]) await scene.handle([{ ...message, receiveCount }]);

      scene.breaker.hold(undefined);
      const outcomes = await scene.handle([{ ...message, receiveCount: 7 }]);

      expect(outcomes.get(message.messageId)).toEqual({ outcome: 'acknowledged' });
    });
  });

  describe('what the breaker is told', () => {
    test('of each session that was announced, or needed no announcement', async () => {
      const scene = createBatchScene();
      scene.unchanged.add('session_b');
      await scene.handle([aMessage(), aMessage(), aMessage({ session: aSession('session_b') })]);
      expect(scene.breaker.successes).toEqual([aSession('session_a'), aSession('session_b')]);
    });

    test.each(['removed', 'skipped'] as const)('a %s session is no success', async (outcome) => {
      const scene = createBatchScene({ refresh: failing('session_a', MISSING) });
      scene.archived.latest = outcome === 'removed' ? anAnnounced() : undefined;
      await lookTwice(scene, aMessage());

      expect(scene.runLog.runs.at(-1)).toMatchObject({ outcome });
      expect(scene.breaker.successes).toEqual([]);
    });

    test('of a failure once for a session, with the most receives that one of its messages has', async () => {
      const scene = createBatchScene({ refresh: failing('session_a', UNAVAILABLE) });

      await scene.handle([
        aMessage({ receiveCount: 9 }),
        aMessage(),
        aMessage({ session: aSession('session_b') }),
      ]);

      expect(scene.breaker.judged).toMatchObject([
        { session: aSession('session_a'), error: UNAVAILABLE, receiveCount: 9 },
      ]);
    });

    test('a refresh that the breaker kept from its end is held, and spends nothing', async () => {
      const scene = createBatchScene({ refresh: failing('session_a', MISSING) });
      scene.archived.latest = anAnnounced();
      scene.breaker.refuseRemovals();
      const message = aMessage();

      const outcomes = await lookTwice(scene, message);

      expect(outcomes.get(message.messageId)).toEqual({ outcome: 'retained', reason: 'too_many_removals' });
      expect(scene.hiddenFor(message)).toBe(60);
      expect(await scene.notes.readFailure(message.messageId)).toBeUndefined();
    });
  });

  describe('when the time is nearly up', () => {
    test('a session of which nothing was asked is handed back at once, and keeps its attempts', async () => {
      const scene = createBatchScene();
      const message = aMessage();

      const outcomes = await scene.handle([message], scene.clock.nowMs() + DEADLINE_RESERVE_MS - 1);

      expect(retained(outcomes)).toEqual([message.messageId]);
      expect(scene.refreshed).toEqual([]);
      expect(scene.hiddenFor(message)).toBe(0);
      expect(await scene.notes.readFailure(message.messageId)).toMatchObject({ failures: 0, isFinal: false });
    });

    test.each([
      [0, 0, 0],
      [3, 30, 1],
    ])(
      'a session that had sent %d requests waits %d s and has spent %d',
      async (requests, seconds, failures) => {
        const deadline = new JobError('deadline_reached');
        const scene = createBatchScene({ refresh: failing('session_a', deadline, requests) });
        const message = aMessage();

        await scene.handle([message]);

        expect(scene.hiddenFor(message)).toBe(seconds);
        expect(await scene.notes.readFailure(message.messageId)).toMatchObject({ failures });
      },
    );
  });
});

describe('confirm removal', () => {
  /** A session that Crisp does not have; `latest` says what was announced of it before, null that nothing was. */
  function aMissingConversation(latest: Partial<Latest> | null = {}) {
    const scene = createRefreshScene();
    scene.crisp.answer = async () => Promise.reject(MISSING);
    scene.archived.latest = latest ? anAnnounced(latest) : undefined;
    return scene;
  }

  type Scene = ReturnType<typeof createRefreshScene>;

  /** Looks twice, `afterMs` apart; what the second look came to. */
  async function lookTwice(scene: Scene, afterMs = 10_000) {
    await scene.run(aUnit());
    await scene.clock.advance(afterMs);
    return scene.run(aUnit({ receiveCount: 2 }));
  }

  describe('a conversation that Crisp does not have', () => {
    test('is not removed at the first look', async () => {
      const scene = aMissingConversation();
      const result = await scene.run(aUnit());
      expect(result).toEqual({ outcome: 'deferred', reason: 'absence_unconfirmed', delaySeconds: 15 });
      expect(scene.removals).toEqual([]);
    });

    test('is not removed at a second look that comes too soon', async () => {
      const scene = aMissingConversation();
      expect(await lookTwice(scene, 9_999)).toMatchObject({ outcome: 'deferred' });
      expect(scene.removals).toEqual([]);
    });

    test('is removed once it is missing ten seconds later and the website answers', async () => {
      const scene = aMissingConversation();
      expect(await lookTwice(scene)).toEqual({ outcome: 'removed' });
      expect(scene.removals).toEqual(['conversation_missing']);
    });

    test('is not removed while the website itself does not answer', async () => {
      const scene = aMissingConversation();
      const rejected = new JobError('crisp_auth_failed', { status: 401 });
      scene.crisp.website = async () => Promise.reject(rejected);

      await expect(lookTwice(scene)).rejects.toBe(rejected);
      expect(scene.removals).toEqual([]);
    });

    test('is noted before its removal is announced, so that what was archived of it can be deleted', async () => {
      const scene = aMissingConversation();
      const notedFirst: unknown[] = [];
      const { noteRemoved } = scene.context;
      scene.context.noteRemoved = async (removed) => {
        notedFirst.push([...scene.removals]);
        await noteRemoved(removed);
      };
      await lookTwice(scene);

      expect(scene.noted).toEqual([{ session: aSession(), removedMs: scene.clock.nowMs() }]);
      expect(notedFirst).toEqual([[]]);
    });

    test('is retried where its removal cannot be noted', async () => {
      const scene = aMissingConversation();
      scene.context.noteRemoved = async () => Promise.reject(new JobError('ledger_failed'));
      await expect(lookTwice(scene)).rejects.toBe(MISSING);
      expect(scene.removals).toEqual([]);
    });

    test('is retried, never removed, where the ledger is away', async () => {
      const scene = aMissingConversation();
      scene.notes.noteAbsence = async () => Promise.reject(new Error('away'));
      await expect(scene.run(aUnit({ receiveCount: 9 }))).rejects.toBe(MISSING);
      expect(scene.removals).toEqual([]);
    });

    test('is not removed by one look, whatever was noted for another message before', async () => {
      const scene = aMissingConversation();
      await scene.run(aUnit({ name: 'long ago' }));

      await scene.clock.advance(60_000);
      expect(await scene.run(aUnit())).toMatchObject({ outcome: 'deferred', reason: 'absence_unconfirmed' });
      expect(scene.removals).toEqual([]);
    });

    test('is not removed by two looks between which it was there', async () => {
      const scene = aMissingConversation();
      const missing = scene.crisp.answer;
      await scene.run(aUnit());

      await scene.clock.advance(10_000);
      scene.crisp.answer = async () => aConversation();
      await scene.run(aUnit({ receiveCount: 2 }));
      scene.crisp.answer = missing;
      const third = await scene.run(aUnit({ receiveCount: 3 }));
      await scene.clock.advance(10_000);
      const fourth = await scene.run(aUnit({ receiveCount: 4 }));

      expect(third).toMatchObject({ outcome: 'deferred', reason: 'absence_unconfirmed' });
      expect(fourth).toEqual({ outcome: 'removed' });
    });

    test('is skipped, without asking a website that does not answer, where there never was a record of it', async () => {
      const scene = aMissingConversation(null);
      scene.crisp.website = async () => Promise.reject(new JobError('crisp_auth_failed', { status: 401 }));
      expect(await lookTwice(scene)).toEqual({ outcome: 'skipped' });
      expect(scene.telemetry.named('job-skipped')).toMatchObject([{ reason: 'not-found' }]);
    });

    const REMOVED = { kind: 'conversation.removed' } as const;
    test.each<[string, number, Partial<Latest> | null]>([
      ['its removal is news', 1, {}],
      ['its removal was archived, but perhaps not announced', 1, { ...REMOVED, announced: false }],
      ['there never was a record of it', 0, null],
      ['its removal was announced before', 0, REMOVED],
    ])('where %s, costs %d control calls, and is noted and counted as often', async (_, times, latest) => {
      const scene = aMissingConversation(latest);
      await lookTwice(scene);
      const { noted, breaker } = scene;
      expect([scene.requests(), noted.length, breaker.removals.length]).toEqual([times, times, times]);
    });
  });

  describe('a removal that would be one too many in a row', () => {
    test('is not announced, and its message waits for the breaker', async () => {
      const scene = aMissingConversation();
      scene.breaker.refuseRemovals();
      expect(await lookTwice(scene)).toEqual({ outcome: 'held', reason: 'too_many_removals' });
      expect(scene.removals).toEqual([]);
    });

    test('is counted by session, once the website has answered', async () => {
      const scene = aMissingConversation();

      await scene.run(aUnit());
      expect(scene.breaker.removals).toEqual([]);

      await scene.clock.advance(10_000);
      await scene.run(aUnit({ receiveCount: 2 }));
      expect(scene.breaker.removals).toEqual([aSession()]);
    });
  });
});
