import { describe, expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import { DEADLINE_RESERVE_MS } from '../../../lib/use-cases/consume/start-deadline.ts';
import { aMessage, aSession } from '../../support/builders.ts';
import { createBatchScene, failing } from '../../support/create-batch-scene.ts';

const UNAVAILABLE = new JobError('crisp_unavailable', { status: 503 });

describe('while the breaker holds', () => {
  test('nothing is asked of Crisp, and every due message is back in a minute or two', async () => {
    const scene = createBatchScene();
    scene.breaker.hold('crisp_auth_failed');
    const [a, b] = [aMessage(), aMessage({ session: aSession('session_b') })];

    const outcomes = await scene.handle([a, b]);

    expect(scene.refreshed).toEqual([]);
    expect([...outcomes.values()]).toEqual([
      { outcome: 'retained', reason: 'breaker_open' },
      { outcome: 'retained', reason: 'breaker_open' },
    ]);
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
    const scene = createBatchScene({
      refresh: async ({ sessionId }) => ({
        outcome: sessionId === 'session_a' ? 'emitted' : 'unchanged',
      }),
    });

    await scene.handle([aMessage(), aMessage(), aMessage({ session: aSession('session_b') })]);

    expect(scene.breaker.successes).toEqual([aSession('session_a'), aSession('session_b')]);
  });

  test.each(['removed', 'skipped'] as const)('a %s session is no success', async (outcome) => {
    const scene = createBatchScene({ refresh: async () => ({ outcome }) });

    await scene.handle([aMessage()]);

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
    const scene = createBatchScene({
      refresh: async () => ({ outcome: 'held', reason: 'too_many_removals' }),
    });
    const message = aMessage();

    const outcomes = await scene.handle([message]);

    expect(outcomes.get(message.messageId)).toEqual({ outcome: 'retained', reason: 'too_many_removals' });
    expect(scene.hiddenFor(message)).toBe(60);
    expect(await scene.notes.readFailure(message.messageId)).toBeUndefined();
  });
});

describe('when the time is nearly up', () => {
  test('a session of which nothing was asked is handed back at once, and keeps its attempts', async () => {
    const scene = createBatchScene();
    const message = aMessage();

    await scene.handle([message], scene.clock.nowMs() + DEADLINE_RESERVE_MS - 1);

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
