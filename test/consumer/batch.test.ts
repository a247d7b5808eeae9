import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toReceivedMessages } from '../../lib/consumer/batch.ts';
import { DEADLINE_RESERVE_MS } from '../../lib/consumer/refresh.ts';
import { LEASE_STEP_SECONDS, QUEUE_VISIBILITY_SECONDS } from '../../lib/consumer/retry.ts';
import type { FetchConversation } from '../../lib/crisp/conversation.ts';
import { BadInvocationError, JobError } from '../../lib/errors.ts';
import { toSessionKey } from '../../lib/ids.ts';
import type { ReceivedMessage } from '../../lib/queue/job.ts';
import { createBatchScene, emitted, failing, retained } from '../support/batch-scene.ts';
import { aMessage, aSession, OTHER_WEBSITE_ID } from '../support/builders.ts';
import { HOSTILE_VALUES } from '../support/hostile.ts';

describe('lambda records', () => {
  function aRecord(record: Record<string, unknown> = {}) {
    return {
      messageId: 'm1',
      receiptHandle: 'h1',
      body: '{}',
      attributes: { ApproximateReceiveCount: '3', SentTimestamp: '1790856000000' },
      eventSource: 'aws:sqs',
      ...record,
    };
  }

  test('a record becomes a message with its receive count and sent time', () => {
    const messages = toReceivedMessages({ Records: [aRecord()] });

    expect(messages).toEqual([
      { messageId: 'm1', receiptHandle: 'h1', body: '{}', receiveCount: 3, sentMs: 1_790_856_000_000 },
    ]);
  });

  test.each([
    ['missing', undefined],
    ['no number', 'abc'],
    ['zero', '0'],
    ['negative', '-1'],
  ])('Q11 a receive count that is %s is read as 1', (_, ApproximateReceiveCount) => {
    const [message] = toReceivedMessages({ Records: [aRecord({ attributes: { ApproximateReceiveCount } })] });
    expect(message?.receiveCount).toBe(1);
  });

  const anEvent = (record: object) => ({ Records: [aRecord({ ...record })] });
  const WANTED = 'bad_invocation: expected SQS records, got';
  const OF_SQS = 'bad_invocation: expected records of aws:sqs, got';
  const LACKING = 'bad_record: an SQS record lacks its messageId or receiptHandle';
  const odd = { toString: 1, valueOf: 1 };
  test.each([
    ['no records', {}, `${WANTED} an object with the keys none`],
    ['nothing', undefined, `${WANTED} undefined`],
    [
      'an API request',
      { version: '2.0', rawPath: '/' },
      `${WANTED} an object with the keys version, rawPath`,
    ],
    ['another source', anEvent({ eventSource: 'aws:sns' }), `${OF_SQS} aws:sns`],
    ['no message id', anEvent({ messageId: '' }), LACKING],
    ['no receipt handle', anEvent({ receiptHandle: undefined }), LACKING],
    [
      'a source that is no text',
      anEvent({ eventSource: odd }),
      `${OF_SQS} an object with the keys toString, valueOf`,
    ],
    [
      'a source of several lines',
      anEvent({ eventSource: 'aws\n{"level":"info"' }),
      'got "aaa {"aaaaa":"aaaa""',
    ],
    ['a null record', { Records: [null] }, 'bad_record: expected an SQS record, got null'],
  ])('Q6 Q7 an invocation with %s fails as a whole and says what came', (_, event, message) => {
    expect(() => toReceivedMessages(event)).toThrow(message);
  });

  test('Q6 Q7 any event gives messages that can be answered for, or a BadInvocationError, and nothing else', () => {
    const anything = fc.oneof(fc.jsonValue(), fc.constantFrom(...HOSTILE_VALUES), fc.string());
    const record = fc.record(
      {
        messageId: fc.oneof(fc.constant('m1'), anything),
        receiptHandle: fc.oneof(fc.constant('h1'), anything),
        body: anything,
        attributes: fc.oneof(
          fc.record({ ApproximateReceiveCount: anything, SentTimestamp: anything }),
          anything,
        ),
        eventSource: fc.oneof(
          { weight: 9, arbitrary: fc.constant('aws:sqs') },
          { weight: 1, arbitrary: anything },
        ),
      },
      { requiredKeys: [] },
    );
    const event = fc.oneof(fc.record({ Records: fc.array(fc.oneof(record, anything)) }), anything);

    fc.assert(
      fc.property(event, (received) => {
        try {
          for (const { messageId, receiptHandle, body, receiveCount } of toReceivedMessages(received)) {
            expect([messageId, receiptHandle]).not.toContain('');
            expect([messageId, receiptHandle, body]).toEqual(Array(3).fill(expect.any(String)));
            expect(receiveCount).toBeGreaterThanOrEqual(1);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(BadInvocationError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('process batch', () => {
  describe('one session is one unit', () => {
    test('the same session id of two websites is two units', async () => {
      const scene = createBatchScene();
      await scene.handle([aMessage(), aMessage({ session: aSession('session_a', OTHER_WEBSITE_ID) })]);
      expect(new Set(scene.refreshed.map(toSessionKey)).size).toBe(2);
    });

    const throwing = () => {
      throw new Error('getter');
    };
    test.each([
      ['a frozen object', Object.freeze({})],
      ['null', null],
      ['text', 'x'],
      ['an error whose message throws', Object.defineProperty(new Error(), 'message', { get: throwing })],
    ])('a defect that throws %s retains its session and no other', async (_, thrown) => {
      const a = aMessage({ session: aSession('session_a') });
      const b = aMessage({ session: aSession('session_b') });
      const outcomes = await createBatchScene({ refresh: failing('session_a', thrown) }).handle([a, b]);

      expect(retained(outcomes)).toEqual([a.messageId]);
      expect(outcomes.get(a.messageId)).toMatchObject({ reason: expect.stringMatching(/^unexpected:/) });
    });
  });

  describe('not before its time', () => {
    function createEarlyScene() {
      const scene = createBatchScene();
      const bucketMs = Math.floor(scene.clock.nowMs() / 60_000) * 60_000;
      const early = aMessage({ job: { bucketMs, notBeforeMs: bucketMs + 70_000 } });
      return { ...scene, early, waitMs: bucketMs + 70_000 - scene.clock.nowMs() };
    }

    test('a message seen before its notBeforeMs is deferred to it and nothing is fetched; then it is', async () => {
      const { early, waitMs, ...scene } = createEarlyScene();

      const outcomes = await scene.handle([early]);
      expect(scene.refreshed).toEqual([]);
      expect(outcomes.get(early.messageId)).toEqual({ outcome: 'retained', reason: 'not_due' });
      expect(scene.hiddenFor(early)).toBe(Math.ceil(waitMs / 1000));

      await scene.clock.advance(waitMs);
      expect(retained(await scene.handle([early]))).toEqual([]);
      expect(scene.refreshed).toHaveLength(1);
    });

    test('an early message does not hold up one of its session that is due', async () => {
      const { early, ...scene } = createEarlyScene();
      expect(retained(await scene.handle([aMessage(), early]))).toEqual([early.messageId]);
      expect(scene.refreshed.map((unit) => unit.messages.length)).toEqual([1]);
    });
  });

  test('a message whose visibility cannot be changed stays in the queue all the same', async () => {
    const message = aMessage();
    const scene = createBatchScene({ refresh: failing('session_a', new JobError('crisp_timeout')) });
    scene.visibility.hideFor = async () => Promise.reject(new Error('throttled'));

    expect(retained(await scene.handle([message]))).toEqual([message.messageId]);
    // Before its work, and after its failure.
    expect(scene.telemetry.named('visibility-unchanged')).toHaveLength(2);
  });

  describe('near the deadline', () => {
    const untilAborted: FetchConversation = (_, { signal } = {}) =>
      new Promise((_resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        signal?.addEventListener('abort', () => reject(signal.reason));
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

    test('a unit that is done leaves no timer behind', async () => {
      const scene = createBatchScene();
      await scene.handle([aMessage()]);
      expect(scene.clock.sleepers).toBe(0);
    });
  });
});

describe('killed instance', () => {
  type Scene = ReturnType<typeof createBatchScene>;

  const TIMEOUT_SECONDS = 600;
  const never: FetchConversation = () => new Promise(() => undefined);

  function twoOfABatch(receiveCount: number) {
    const [first, second] = aBatch(receiveCount);
    if (!first || !second) throw new Error('a batch of five');
    return [first, second] as const;
  }

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
    return () => (++calls * 0.618) % 1;
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

    test('costs a session that is alone no lease where it was fetched before and is received for the first time', async () => {
      const scene = createBatchScene();
      const said = { version: 1, content_hash: 'sha256:x', announced: true, updated_at: null };
      scene.archived.latest = { latest: { kind: 'conversation.enriched', ...said }, revision: 'one' };

      const [first] = await kill(scene, aBatch(1).slice(0, 1));
      const [again] = await kill(scene, aBatch(2).slice(0, 1));

      expect(first).toBe(QUEUE_VISIBILITY_SECONDS);
      expect(again).toBeLessThanOrEqual(TIMEOUT_SECONDS + 6 * 60);
    });

    test('comes back after all whom it was killed beside, where it was received more often', async () => {
      const scene = createBatchScene({ random: aRandom() });
      const batch = aBatch(1).map((each, place) => ({ ...each, receiveCount: place === 0 ? 3 : 1 }));
      const [poisonSeconds = 0, ...otherSeconds] = await kill(scene, batch);
      expect(poisonSeconds).toBeGreaterThan(Math.max(...otherSeconds));
    });

    test('locks none that is already announced: it is deleted at once, not when the batch is over', async () => {
      const scene = createBatchScene();
      const [poison, announced] = twoOfABatch(1);
      scene.refreshing.refresh = (unit, options) =>
        unit.sessionId === 'session_poison' ? never(unit, options) : emitted(unit, options);

      scene.handle([poison, announced]);
      await scene.clock.advance(1);

      expect([scene.isDeleted(poison), scene.isDeleted(announced)]).toEqual([false, true]);
    });

    test('takes the newer messages of its session with it: a group is seen again when none of it is hidden', async () => {
      const scene = createBatchScene({ random: aRandom() });
      const batch = [aMessage({ receiveCount: 2 }), aMessage(), aMessage({ session: aSession('session_b') })];
      const [oldSeconds, newerSeconds] = await kill(scene, batch);

      expect(oldSeconds).toBeLessThan(QUEUE_VISIBILITY_SECONDS);
      expect(newerSeconds).toBe(oldSeconds);
    });
  });

  describe('a message that is received again', () => {
    test('waits for as long as its own failure asks, not as its lease did', async () => {
      const scene = createBatchScene({ refresh: async () => Promise.reject(new JobError('crisp_timeout')) });
      const [a, b] = twoOfABatch(2);
      await scene.handle([a, b]);
      expect([scene.hiddenFor(a), scene.hiddenFor(b)]).toEqual([30, 30]);
    });

    test('is worked on also where its visibility cannot be changed', async () => {
      const scene = createBatchScene();
      scene.visibility.hideFor = async () => Promise.reject(new Error('throttled'));
      expect(retained(await scene.handle(aBatch(2)))).toEqual([]);
    });

    test('is acknowledged also where it cannot be deleted before the batch is over', async () => {
      const scene = createBatchScene();
      scene.visibility.delete = async () => Promise.reject(new Error('throttled'));
      expect(retained(await scene.handle(aBatch(1)))).toEqual([]);
    });

    test('is shown again at once where its failure is final', async () => {
      const scene = createBatchScene();
      const [dead, other] = twoOfABatch(2);
      const failure = {
        code: 'bad_response',
        detail: undefined,
        hint: undefined,
        status: undefined,
      } as const;
      const weight = { spendsAttempt: true, isPermanent: true, maxAttempts: 5, nowMs: scene.clock.nowMs() };
      await scene.notes.noteFailure(dead.messageId, failure, weight);
      await scene.clock.advance(2 * QUEUE_VISIBILITY_SECONDS * 1000);

      await scene.handle([dead, other]);

      expect(scene.hiddenFor(dead)).toBe(0);
    });
  });
});
