import { describe, expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import type { ReceivedMessage } from '../../../lib/core/job/received-message.ts';
import { LEASE_STEP_SECONDS, QUEUE_VISIBILITY_SECONDS } from '../../../lib/core/retry/spread-seconds.ts';
import type { RefreshSession } from '../../../lib/use-cases/consume/refresh-session.ts';
import { aMessage, aSession } from '../../support/builders.ts';
import { createBatchScene, emitted, retained } from '../../support/create-batch-scene.ts';

type Scene = ReturnType<typeof createBatchScene>;

const TIMEOUT_SECONDS = 600;
const never: RefreshSession = () => new Promise(() => undefined);

/** Five sessions that were received together; the first one kills whatever works on it. */
function aBatch(receiveCount: number): ReceivedMessage[] {
  return ['poison', 'b', 'c', 'd', 'e'].map((name) =>
    aMessage({ session: aSession(`session_${name}`), receiveCount }),
  );
}

/** Works on a batch until the instance is killed; after how many seconds each message is seen again. */
async function kill(scene: Scene, batch: readonly ReceivedMessage[]): Promise<number[]> {
  scene.refreshing.refresh = never;
  scene.handle([...batch]);
  await scene.clock.advance(1);
  return batch.map((message) => scene.hiddenFor(message) ?? QUEUE_VISIBILITY_SECONDS);
}

/** Different numbers, spread over [0, 1). */
function aRandom(): () => number {
  let calls = 0;
  return () => {
    calls += 1;
    return (calls * 0.618) % 1;
  };
}

describe('a message that kills its instance', () => {
  test('comes back apart from those of its batch after the first kill, and they are acknowledged', async () => {
    const scene = createBatchScene({ random: aRandom() });
    const batch = aBatch(1);

    const [poison, ...others] = await kill(scene, batch);
    scene.refreshing.refresh = emitted;
    const outcomes = await scene.handle(batch.slice(1).map((each) => ({ ...each, receiveCount: 2 })));

    const inOrder = [poison ?? 0, ...others].toSorted((a, b) => a - b);
    const gaps = inOrder.slice(1).map((seconds, place) => seconds - (inOrder[place] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(LEASE_STEP_SECONDS / 2);
    expect(retained(outcomes)).toEqual([]);
    expect(outcomes.size).toBe(4);
  });

  test.each([
    ['a batch', aBatch(1)],
    ['a batch that was received before', aBatch(2)],
    ['a session that is alone', aBatch(1).slice(0, 1)],
    ['a session that is alone and was received before', aBatch(2).slice(0, 1)],
  ])(
    '%s is not received while its instance is still at work, and within six minutes after that',
    async (_, batch) => {
      for (const random of [() => 0, () => 1 - Number.EPSILON]) {
        const seconds = await kill(createBatchScene({ random }), batch);

        expect(Math.min(...seconds)).toBeGreaterThan(TIMEOUT_SECONDS);
        expect(Math.max(...seconds)).toBeLessThanOrEqual(TIMEOUT_SECONDS + 6 * 60);
      }
    },
  );

  test('comes back after all whom it was killed beside, where it was received more often', async () => {
    const scene = createBatchScene({ random: aRandom() });
    const [poison, ...others] = aBatch(1);
    if (!poison) throw new Error('a batch of five');

    const [poisonSeconds = 0, ...otherSeconds] = await kill(scene, [
      { ...poison, receiveCount: 3 },
      ...others,
    ]);

    expect(poisonSeconds).toBeGreaterThan(Math.max(...otherSeconds));
  });

  test('locks none that is already announced: it is deleted at once, not when the batch is over', async () => {
    const scene = createBatchScene();
    const [poison, announced] = aBatch(1);
    if (!poison || !announced) throw new Error('a batch of five');
    scene.refreshing.refresh = (unit, options) =>
      unit.sessionId === 'session_poison' ? never(unit, options) : emitted(unit, options);

    scene.handle([poison, announced]);
    await scene.clock.advance(1);

    expect([scene.isDeleted(poison), scene.isDeleted(announced)]).toEqual([false, true]);
  });

  test('takes the newer messages of its session with it: a group is seen again when none of it is hidden', async () => {
    const scene = createBatchScene({ random: aRandom() });
    const old = aMessage({ receiveCount: 2 });
    const newer = aMessage();

    const [oldSeconds, newerSeconds] = await kill(scene, [
      old,
      newer,
      aMessage({ session: aSession('session_b') }),
    ]);

    expect(oldSeconds).toBeLessThan(QUEUE_VISIBILITY_SECONDS);
    expect(newerSeconds).toBe(oldSeconds);
  });
});

describe('a message that is received again', () => {
  test('waits for as long as its own failure asks, not as its lease did', async () => {
    const scene = createBatchScene({ refresh: async () => Promise.reject(new JobError('crisp_timeout')) });
    const [a, b] = aBatch(2);
    if (!a || !b) throw new Error('a batch of five');

    await scene.handle([a, b]);

    expect([scene.hiddenFor(a), scene.hiddenFor(b)]).toEqual([30, 30]);
  });

  test('is worked on also where its visibility cannot be changed', async () => {
    const scene = createBatchScene();
    scene.visibility.hideFor = async () => Promise.reject(new Error('throttled'));

    const outcomes = await scene.handle(aBatch(2));

    expect(retained(outcomes)).toEqual([]);
  });

  test('is acknowledged also where it cannot be deleted before the batch is over', async () => {
    const scene = createBatchScene();
    scene.visibility.delete = async () => Promise.reject(new Error('throttled'));

    const outcomes = await scene.handle(aBatch(1));

    expect(retained(outcomes)).toEqual([]);
  });

  test('is shown again at once where its failure is final', async () => {
    const scene = createBatchScene();
    const [dead, other] = aBatch(2);
    if (!dead || !other) throw new Error('a batch of five');
    await noteFailure(scene, dead, true);
    await scene.clock.advance(2 * QUEUE_VISIBILITY_SECONDS * 1000);

    await scene.handle([dead, other]);

    expect(scene.hiddenFor(dead)).toBe(0);
  });
});

function noteFailure(scene: Scene, { messageId }: ReceivedMessage, isPermanent = false) {
  const failure = { code: 'bad_response', detail: undefined, hint: undefined, status: undefined } as const;
  const weight = { spendsAttempt: true, isPermanent, maxAttempts: 5, nowMs: scene.clock.nowMs() };
  return scene.notes.noteFailure(messageId, failure, weight);
}
