import { describe, expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import type { ReceivedMessage } from '../../../lib/core/job/received-message.ts';
import type { RefreshSession } from '../../../lib/use-cases/consume/refresh-session.ts';
import { aMessage, aSession } from '../../support/builders.ts';
import { createBatchScene, failing, MAX_ATTEMPTS } from '../../support/create-batch-scene.ts';

type Scene = ReturnType<typeof createBatchScene>;

const LONGEST = () => 1 - Number.EPSILON;
const BROKEN = new JobError('bad_response', { detail: 'truncated', hint: 'cut off' });

function always(error: JobError): RefreshSession {
  return failing('session_a', error);
}

/** Receives one message `times` times in a row, each time when it is visible again; how long it was hidden each time. */
async function receive(scene: Scene, message: ReceivedMessage, times: number, first = 1): Promise<number[]> {
  const waits: number[] = [];
  for (let receiveCount = first; receiveCount < first + times; receiveCount += 1) {
    await scene.handle([{ ...message, receiveCount }]);
    const seconds = scene.hiddenFor(message) ?? Number.NaN;
    waits.push(seconds);
    await scene.clock.advance(seconds * 1000);
  }
  return waits;
}

const awayLedger = () => Promise.reject(new Error('away'));

describe('a session that fails on its own account', () => {
  test('gets five attempts at growing bounds, then none: it is shown again at once until SQS moves it', async () => {
    const scene = createBatchScene({ refresh: always(BROKEN), random: LONGEST });

    const waits = await receive(scene, aMessage(), 8);

    expect(waits).toEqual([60, 120, 240, 480, 0, 0, 0, 0]);
    expect(scene.refreshed).toHaveLength(MAX_ATTEMPTS);
  });

  test('costs no call once its failure is final, and its siblings do not wait for it', async () => {
    const scene = createBatchScene({ refresh: always(BROKEN) });
    const dead = aMessage();
    await receive(scene, dead, MAX_ATTEMPTS);

    const newer = aMessage({ session: aSession('session_b') });
    const outcomes = await scene.handle([{ ...dead, receiveCount: 6 }, newer]);

    expect(outcomes.get(dead.messageId)).toEqual({ outcome: 'retained', reason: 'bad_response:truncated' });
    expect(outcomes.get(newer.messageId)).toEqual({ outcome: 'acknowledged' });
    expect(scene.refreshed.at(-1)?.sessionId).toBe('session_b');
  });

  test('is said to be dead once', async () => {
    const scene = createBatchScene({ refresh: always(BROKEN) });
    const message = aMessage();

    await receive(scene, message, 9);

    const { messageId } = message;
    expect(scene.telemetry.named('job-dead')).toMatchObject([
      { messageId, code: 'bad_response:truncated', attempt: 5, hint: 'cut off' },
    ]);
  });

  test('leaves its reason in the ledger', async () => {
    const scene = createBatchScene({ refresh: always(BROKEN) });
    const message = aMessage();
    const startedMs = scene.clock.nowMs();

    await receive(scene, message, 7);

    expect(await scene.notes.readFailure(message.messageId)).toMatchObject({
      code: 'bad_response',
      detail: 'truncated',
      hint: 'cut off',
      failures: 5,
      isFinal: true,
      firstMs: startedMs,
      lastMs: startedMs + 4 * 30_000,
    });
  });

  test('spends nothing of a newer message of the session, which has attempts of its own', async () => {
    const scene = createBatchScene({ refresh: always(BROKEN) });
    const dead = aMessage();
    await receive(scene, dead, MAX_ATTEMPTS);

    const newer = aMessage();
    await scene.handle([{ ...dead, receiveCount: 6 }, newer]);

    expect(scene.refreshed.at(-1)?.messages.map(({ message }) => message.messageId)).toEqual([
      newer.messageId,
    ]);
    expect(scene.hiddenFor(newer)).toBe(30);
  });

  test('of a permanent kind is dead at once', async () => {
    const scene = createBatchScene({ refresh: always(new JobError('crisp_forbidden', { status: 403 })) });

    const waits = await receive(scene, aMessage(), 3);

    expect(waits).toEqual([0, 0, 0]);
    expect(scene.refreshed).toHaveLength(1);
    expect(scene.telemetry.named('job-dead')).toMatchObject([{ code: 'crisp_forbidden', status: 403 }]);
  });

  test('three messages of two sessions: only those of the failed one spend an attempt', async () => {
    const scene = createBatchScene({ refresh: always(BROKEN) });
    const [a1, a2] = [aMessage(), aMessage()];
    const b1 = aMessage({ session: aSession('session_b') });

    await scene.handle([a1, a2, b1]);

    const spent = [a1, a2, b1].map(
      async ({ messageId }) => (await scene.notes.readFailure(messageId))?.failures,
    );
    expect(await Promise.all(spent)).toEqual([1, 1, undefined]);
  });
});

describe('what spends no attempt', () => {
  test.each([
    ['a token that is rejected', new JobError('crisp_auth_failed', { status: 401 })],
    ['a certificate that cannot be verified', new JobError('crisp_tls_failed')],
    ['a permission that is missing', new JobError('downstream_denied', { status: 403 })],
    ['too many requests', new JobError('crisp_rate_limited', { status: 429 })],
    ['a spent quota', new JobError('crisp_quota_exceeded', { status: 423 })],
  ])('%s: after nineteen receives the next one is still a full attempt', async (_, error) => {
    const scene = createBatchScene({ refresh: always(error) });
    const message = aMessage();

    scene.breaker.blame('outage');
    await receive(scene, message, 19);
    scene.breaker.blame('session');
    scene.refreshing.refresh = always(BROKEN);
    await scene.handle([{ ...message, receiveCount: 20 }]);

    expect(scene.refreshed).toHaveLength(20);
    expect(await scene.notes.readFailure(message.messageId)).toMatchObject({ failures: 1, isFinal: false });
    expect(scene.telemetry.named('job-dead')).toEqual([]);
  });

  test('a failure for which the breaker blames everything: the session keeps its five attempts', async () => {
    const scene = createBatchScene({ refresh: always(new JobError('crisp_unavailable', { status: 503 })) });
    const message = aMessage();

    scene.breaker.blame('outage');
    await receive(scene, message, 6);
    scene.breaker.blame('session');
    await receive(scene, message, 5, 7);

    expect(scene.refreshed).toHaveLength(11);
    expect(scene.telemetry.named('job-dead')).toHaveLength(1);
    expect(scene.telemetry.named('job-failed').map(({ attempt }) => attempt)).toEqual([
      1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5,
    ]);
  });

  test('an outage alone, for all twenty receives, lasts for more than two days', async () => {
    const scene = createBatchScene({ refresh: always(new JobError('crisp_timeout')) });
    scene.breaker.blame('outage');

    const waits = await receive(scene, aMessage(), 20);

    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(2 * 24 * 3600);
    expect(waits.slice(0, 10)).toEqual(Array(10).fill(30));
  });

  test('stale reads and unconfirmed absences', async () => {
    const scene = createBatchScene({
      refresh: async () => ({ outcome: 'deferred', reason: 'stale_read', delaySeconds: 10 }),
    });
    const message = aMessage();

    await receive(scene, message, 3);
    scene.refreshing.refresh = always(BROKEN);
    await scene.handle([{ ...message, receiveCount: 4 }]);

    expect(await scene.notes.readFailure(message.messageId)).toMatchObject({ failures: 1 });
  });
});

describe('with the ledger away', () => {
  test('a session that fails is retried up to the receive limit, and never called dead', async () => {
    const scene = createBatchScene({ refresh: always(BROKEN) });
    Object.assign(scene.notes, { noteFailure: awayLedger, readFailure: awayLedger });
    Object.assign(scene.runLog, { record: awayLedger });

    const waits = await receive(scene, aMessage(), 20);

    expect(scene.refreshed).toHaveLength(20);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(30);
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(2 * 24 * 3600);
    expect(scene.telemetry.named('job-dead')).toEqual([]);
  });

  test('a count that is lost gives more tries, never fewer', async () => {
    const scene = createBatchScene({ refresh: always(BROKEN) });
    const { noteFailure } = scene.notes;
    const message = aMessage();

    Object.assign(scene.notes, { noteFailure: awayLedger });
    await receive(scene, message, 2);
    Object.assign(scene.notes, { noteFailure });
    await receive(scene, message, 8, 3);

    expect(scene.refreshed).toHaveLength(2 + MAX_ATTEMPTS);
  });

  test('a permanent failure is shown again at once all the same', async () => {
    const scene = createBatchScene({ refresh: always(new JobError('session_mismatch')) });
    Object.assign(scene.notes, { noteFailure: awayLedger, readFailure: awayLedger });

    const waits = await receive(scene, aMessage(), 3);

    expect(waits).toEqual([0, 0, 0]);
    expect(scene.refreshed).toHaveLength(3);
  });
});

describe('a message that nobody can read', () => {
  test('is dead at once, and told once', async () => {
    const scene = createBatchScene();

    const waits = await receive(scene, aMessage({ body: 'not json' }), 3);

    expect(waits).toEqual([0, 0, 0]);
    expect(scene.telemetry.named('job-failed')).toHaveLength(1);
    expect(scene.telemetry.named('job-dead')).toMatchObject([{ code: 'malformed_message' }]);
  });
});
