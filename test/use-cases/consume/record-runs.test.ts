import { describe, expect, test } from 'vitest';
import { JobError } from '../../../lib/core/errors/job-error.ts';
import { aMessage, aSession } from '../../support/builders.ts';
import { createBatchScene, failing, REQUEST_ID } from '../../support/create-batch-scene.ts';

describe('the run log', () => {
  test('says of a success what it cost, for each message of the session', async () => {
    const scene = createBatchScene({
      refresh: async (_, { onRequest }) => {
        for (let sent = 0; sent < 3; sent += 1) onRequest();
        return { outcome: 'emitted' };
      },
    });
    const [a1, a2] = [aMessage(), aMessage()];
    const startedMs = scene.clock.nowMs();

    await scene.handle([a1, a2]);

    const shared = { session: aSession(), requestId: REQUEST_ID, startedMs, durationMs: 0, receiveCount: 1 };
    const end = { outcome: 'emitted', attempt: 1, apiCalls: 3 };
    expect(scene.runLog.runs).toEqual([
      { ...shared, ...end, messageId: a1.messageId },
      { ...shared, ...end, messageId: a2.messageId },
    ]);
  });

  test('says of a failure where, why, and when it goes on, with the requests that it cost', async () => {
    const error = new JobError('crisp_unavailable', { status: 503, hint: 'reason\u202e upstream' });
    const scene = createBatchScene({ refresh: failing('session_a', error, 2) });

    await scene.handle([aMessage()]);

    expect(scene.runLog.runs).toMatchObject([
      {
        outcome: 'failed',
        stage: 'fetch',
        code: 'crisp_unavailable',
        status: 503,
        reason: 'reason\\u202e upstream',
        apiCalls: 2,
        attempt: 1,
        delaySeconds: 30,
      },
    ]);
  });

  test('clips a reason that is endless', async () => {
    const error = new JobError('bad_response', { hint: 'x'.repeat(100_000) });
    const scene = createBatchScene({ refresh: failing('session_a', error) });

    await scene.handle([aMessage()]);

    const [run] = scene.runLog.runs;
    const [told] = scene.telemetry.named('job-failed');
    expect(Buffer.byteLength(run?.reason ?? '')).toBeLessThanOrEqual(2048);
    expect(Buffer.byteLength(told?.hint ?? '')).toBeLessThanOrEqual(2048);
  });

  test('counts attempts, not receives', async () => {
    const scene = createBatchScene({ refresh: failing('session_a', new JobError('bad_response')) });
    const message = aMessage();

    scene.breaker.blame('outage');
    for (const receiveCount of [1, 2]) await scene.handle([{ ...message, receiveCount }]);
    scene.breaker.blame('session');
    for (const receiveCount of [3, 4]) await scene.handle([{ ...message, receiveCount }]);

    const told = scene.runLog.runs.map(({ outcome, attempt, receiveCount }) => [
      outcome,
      attempt,
      receiveCount,
    ]);
    expect(told).toEqual([
      ['deferred', 1, 1],
      ['deferred', 1, 2],
      ['failed', 1, 3],
      ['failed', 2, 4],
    ]);
  });

  test('says once that a message is dead, and nothing of the receives that take it away', async () => {
    const scene = createBatchScene({ refresh: failing('session_a', new JobError('crisp_forbidden')) });
    const message = aMessage();

    for (const receiveCount of [1, 2, 3]) await scene.handle([{ ...message, receiveCount }]);

    expect(scene.runLog.runs).toMatchObject([{ outcome: 'dead', code: 'crisp_forbidden', delaySeconds: 0 }]);
  });

  test('knows of messages that were not tried: too early, held, or put off', async () => {
    const scene = createBatchScene({
      refresh: async () => ({ outcome: 'deferred', reason: 'stale_read', delaySeconds: 10 }),
    });
    const bucketMs = Math.floor(scene.clock.nowMs() / 60_000) * 60_000;
    const early = aMessage({ job: { bucketMs, notBeforeMs: scene.clock.nowMs() + 7000 } });

    await scene.handle([early]);
    await scene.handle([aMessage()]);
    scene.breaker.hold('crisp_auth_failed');
    await scene.handle([aMessage()]);

    expect(scene.runLog.runs).toMatchObject([
      { outcome: 'deferred', code: 'not_due', apiCalls: 0, delaySeconds: 7 },
      { outcome: 'deferred', code: 'stale_read', delaySeconds: 10 },
      { outcome: 'held', code: 'breaker_open', apiCalls: 0, delaySeconds: 60 },
    ]);
  });

  test('names no session for a message that nobody could read', async () => {
    const scene = createBatchScene();
    const poison = aMessage({ body: 'not json' });

    await scene.handle([poison]);

    expect(scene.runLog.runs).toMatchObject([
      { session: undefined, messageId: poison.messageId, stage: 'decode', outcome: 'dead', apiCalls: 0 },
    ]);
  });

  test('is not missed when it is away', async () => {
    const scene = createBatchScene();
    Object.assign(scene.runLog, { record: () => Promise.reject(new Error('away')) });
    const message = aMessage();

    const outcomes = await scene.handle([message]);

    expect(outcomes.get(message.messageId)).toEqual({ outcome: 'acknowledged' });
    expect(scene.telemetry.named('ledger-unavailable')).toMatchObject([{ operation: 'record-runs' }]);
  });
});
