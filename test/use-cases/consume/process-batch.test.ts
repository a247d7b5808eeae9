import { describe, expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import { toSessionKey } from '../../../lib/core/ids.ts';
import type { RefreshSession } from '../../../lib/use-cases/consume/refresh-session.ts';
import { DEADLINE_RESERVE_MS } from '../../../lib/use-cases/consume/start-deadline.ts';
import { aMessage, aSession, OTHER_WEBSITE_ID } from '../../support/builders.ts';
import { createBatchScene, emitted, failing, retained } from '../../support/create-batch-scene.ts';

describe('one session is one unit', () => {
  test('ten messages of a session are fetched once and all acknowledged', async () => {
    const scene = createBatchScene();
    const messages = Array.from({ length: 10 }, () => aMessage());

    const outcomes = await scene.handle(messages);

    expect(scene.refreshed).toHaveLength(1);
    expect(outcomes.size).toBe(10);
    expect(retained(outcomes)).toEqual([]);
  });

  test('when a session fails exactly its messages are retained, also the later ones', async () => {
    const a1 = aMessage({ session: aSession('session_a') });
    const a2 = aMessage({ session: aSession('session_a') });
    const b1 = aMessage({ session: aSession('session_b') });
    const scene = createBatchScene({
      refresh: failing('session_a', new JobError('crisp_unavailable', { status: 500 })),
    });

    const outcomes = await scene.handle([a1, a2, b1]);

    expect(retained(outcomes).sort()).toEqual([a1.messageId, a2.messageId].sort());
    expect(outcomes.get(b1.messageId)).toEqual({ outcome: 'acknowledged' });
  });

  test('the same session id of two websites is two units', async () => {
    const scene = createBatchScene();

    await scene.handle([aMessage(), aMessage({ session: aSession('session_a', OTHER_WEBSITE_ID) })]);

    expect(new Set(scene.refreshed.map(toSessionKey)).size).toBe(2);
  });

  test.each([
    ['a frozen object', Object.freeze({})],
    ['null', null],
    ['text', 'x'],
    [
      'an error whose message throws',
      Object.defineProperty(new Error(), 'message', {
        get: () => {
          throw new Error('getter');
        },
      }),
    ],
  ])('a defect that throws %s retains its session and no other', async (_, thrown) => {
    const a = aMessage({ session: aSession('session_a') });
    const b = aMessage({ session: aSession('session_b') });
    const scene = createBatchScene({ refresh: failing('session_a', thrown) });

    const outcomes = await scene.handle([a, b]);

    expect(retained(outcomes)).toEqual([a.messageId]);
    expect(outcomes.get(a.messageId)).toMatchObject({ reason: expect.stringMatching(/^unexpected:/) });
  });
});

describe('not before its time', () => {
  test('a message seen before its notBeforeMs is deferred to it and nothing is fetched', async () => {
    const scene = createBatchScene();
    const bucketMs = Math.floor(scene.clock.nowMs() / 60_000) * 60_000;
    const early = aMessage({ job: { bucketMs, notBeforeMs: bucketMs + 70_000 } });

    const outcomes = await scene.handle([early]);

    expect(scene.refreshed).toEqual([]);
    expect(outcomes.get(early.messageId)).toEqual({ outcome: 'retained', reason: 'not_due' });
    expect(scene.hiddenFor(early)).toBe(Math.ceil((bucketMs + 70_000 - scene.clock.nowMs()) / 1000));
  });

  test('once its time has come it is fetched', async () => {
    const scene = createBatchScene();
    const bucketMs = Math.floor(scene.clock.nowMs() / 60_000) * 60_000;
    const message = aMessage({ job: { bucketMs, notBeforeMs: bucketMs + 70_000 } });
    await scene.clock.advance(bucketMs + 70_000 - scene.clock.nowMs());

    const outcomes = await scene.handle([message]);

    expect(scene.refreshed).toHaveLength(1);
    expect(retained(outcomes)).toEqual([]);
  });

  test('an early message does not hold up one of its session that is due', async () => {
    const scene = createBatchScene();
    const bucketMs = Math.floor(scene.clock.nowMs() / 60_000) * 60_000;
    const due = aMessage();
    const early = aMessage({ job: { bucketMs, notBeforeMs: bucketMs + 70_000 } });

    const outcomes = await scene.handle([due, early]);

    expect(scene.refreshed.map((unit) => unit.messages.length)).toEqual([1]);
    expect(retained(outcomes)).toEqual([early.messageId]);
  });
});

describe('what keeps a message in the queue', () => {
  test('a message that cannot be read is shown again at once, costs no fetch and harms nobody', async () => {
    const poison = aMessage({ body: 'not json' });
    const healthy = aMessage({ session: aSession('session_b') });
    const scene = createBatchScene();

    const outcomes = await scene.handle([poison, healthy]);

    expect(outcomes.get(poison.messageId)).toEqual({ outcome: 'retained', reason: 'malformed_message' });
    expect(scene.hiddenFor(poison)).toBe(0);
    expect(outcomes.get(healthy.messageId)).toEqual({ outcome: 'acknowledged' });
  });

  test('a refused session waits for as long as Crisp asked', async () => {
    const message = aMessage();
    const scene = createBatchScene({
      refresh: failing('session_a', new JobError('crisp_rate_limited', { retryAfterMs: 120_000 })),
    });

    await scene.handle([message]);

    expect(scene.hiddenFor(message)).toBe(120);
  });

  test('a message whose visibility cannot be changed stays in the queue all the same', async () => {
    const message = aMessage();
    const scene = createBatchScene({ refresh: failing('session_a', new JobError('crisp_timeout')) });
    scene.visibility.hideFor = async () => {
      throw new Error('throttled');
    };

    const outcomes = await scene.handle([message]);

    expect(retained(outcomes)).toEqual([message.messageId]);
    // Before its work, and after its failure.
    expect(scene.telemetry.named('visibility-unchanged')).toHaveLength(2);
  });

  test('a deferred refresh keeps its messages for the given time', async () => {
    const message = aMessage();
    const scene = createBatchScene({
      refresh: async () => ({ outcome: 'deferred', reason: 'stale_read', delaySeconds: 20 }),
    });

    const outcomes = await scene.handle([message]);

    expect(outcomes.get(message.messageId)).toEqual({ outcome: 'retained', reason: 'stale_read' });
    expect(scene.hiddenFor(message)).toBe(20);
  });
});

describe('near the deadline', () => {
  const untilAborted: RefreshSession = (_, { signal }) =>
    new Promise((_resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason));
    });

  test('what is unfinished when the reserve begins is returned at once, what is finished is acknowledged', async () => {
    const slow = aMessage({ session: aSession('session_slow') });
    const quick = aMessage({ session: aSession('session_quick') });
    const scene = createBatchScene({
      refresh: (unit, options) =>
        unit.sessionId === 'session_slow' ? untilAborted(unit, options) : emitted(unit, options),
    });

    const handled = scene.handle([slow, quick], scene.clock.nowMs() + 60_000);
    await scene.clock.advance(60_000 - DEADLINE_RESERVE_MS);
    const outcomes = await handled;

    expect(outcomes.get(slow.messageId)).toEqual({ outcome: 'retained', reason: 'deadline_reached' });
    expect(scene.hiddenFor(slow)).toBe(0);
    expect(outcomes.get(quick.messageId)).toEqual({ outcome: 'acknowledged' });
  });

  test('inside the reserve nothing is started', async () => {
    const message = aMessage();
    const scene = createBatchScene();

    const outcomes = await scene.handle([message], scene.clock.nowMs() + DEADLINE_RESERVE_MS - 1);

    expect(scene.refreshed).toEqual([]);
    expect(retained(outcomes)).toEqual([message.messageId]);
  });

  test('a unit that is done leaves no timer behind', async () => {
    const scene = createBatchScene();

    await scene.handle([aMessage()]);

    expect(scene.clock.sleepers).toBe(0);
  });
});
