import { DeleteMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, test } from 'vitest';
import type { FetchConversation } from '../../lib/crisp/conversation.ts';
import { JobError } from '../../lib/errors.ts';
import type { ReceivedMessage } from '../../lib/queue/job.ts';
import { createSqsJobVisibility } from '../../lib/queue/visibility.ts';
import { anAwsError } from '../support/aws.ts';
import {
  aConversation,
  createBatchScene,
  failing,
  MAX_ATTEMPTS,
  REQUEST_ID,
  STALE,
} from '../support/batch-scene.ts';
import { aMessage, aSession } from '../support/builders.ts';

describe('sqs job visibility', () => {
  const QUEUE_URL = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-test-sessions.fifo';

  function createScene(error?: Error) {
    const client = new SQSClient({ region: 'eu-west-1' });
    const sqs = mockClient(client);
    if (error) sqs.onAnyCommand().rejects(error);
    return { sqs, visibility: createSqsJobVisibility(client, QUEUE_URL) };
  }

  test('a message is hidden for as many seconds as asked, and deleted, by its receipt handle', async () => {
    const { sqs, visibility } = createScene();
    await visibility.hideFor('handle', 90);
    await visibility.delete('handle');

    const named = { QueueUrl: QUEUE_URL, ReceiptHandle: 'handle' };
    const expected = [{ ...named, VisibilityTimeout: 90 }, named];
    expect(sqs.calls().map(({ args }) => args[0].input)).toEqual(expected);
    expect(sqs.commandCalls(DeleteMessageCommand)).toHaveLength(1);
  });

  test.each([
    ['hideFor', 'MessageNotInflight', 'message_not_inflight', undefined],
    ['hideFor', 'ExpiredToken', 'expired_token', undefined],
    ['hideFor', 'AccessDenied', 'access_denied', 'allow sqs:ChangeMessageVisibility on the sessions queue'],
    ['delete', 'AccessDenied', 'access_denied', 'allow sqs:DeleteMessage on the sessions queue'],
  ] as const)(
    '%s: %s of SQS is %s, and names the right that is missing',
    async (method, name, code, hint) => {
      const { visibility } = createScene(anAwsError(name));
      const reason = `visibility_failed:${code}`;
      await expect(visibility[method]('handle', 0)).rejects.toMatchObject({ reason, hint });
    },
  );
});

describe('the run log', () => {
  test('says of a success what it cost, for each message of the session', async () => {
    const scene = createBatchScene({
      refresh: async (_, { onRequest } = {}) => {
        for (let sent = 0; sent < 3; sent += 1) onRequest?.();
        return aConversation();
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

    const where = { outcome: 'failed', stage: 'fetch', code: 'crisp_unavailable', status: 503 };
    const cost = { apiCalls: 2, attempt: 1, delaySeconds: 30 };
    expect(scene.runLog.runs).toMatchObject([{ ...where, reason: 'reason\\u202e upstream', ...cost }]);
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

    expect(scene.runLog.runs).toMatchObject([
      { outcome: 'deferred', attempt: 1, receiveCount: 1 },
      { outcome: 'deferred', attempt: 1, receiveCount: 2 },
      { outcome: 'failed', attempt: 1, receiveCount: 3 },
      { outcome: 'failed', attempt: 2, receiveCount: 4 },
    ]);
  });

  test('knows of messages that were not tried: too early, held, or put off', async () => {
    const scene = createBatchScene({ refresh: async () => STALE });
    const bucketMs = Math.floor(scene.clock.nowMs() / 60_000) * 60_000;
    await scene.handle([aMessage({ job: { bucketMs, notBeforeMs: scene.clock.nowMs() + 7000 } })]);
    await scene.handle([aMessage()]);
    scene.breaker.hold('crisp_auth_failed');
    await scene.handle([aMessage()]);

    expect(scene.runLog.runs).toMatchObject([
      { outcome: 'deferred', code: 'not_due', apiCalls: 0, delaySeconds: 7 },
      { outcome: 'deferred', code: 'stale_read', delaySeconds: 10 },
      { outcome: 'held', code: 'breaker_open', apiCalls: 0, delaySeconds: 60 },
    ]);
  });

  test('is not missed when it is away', async () => {
    const scene = createBatchScene();
    Object.assign(scene.runLog, { record: () => Promise.reject(new Error('away')) });
    const message = aMessage();

    expect((await scene.handle([message])).get(message.messageId)).toEqual({ outcome: 'acknowledged' });
    expect(scene.telemetry.named('ledger-unavailable')).toMatchObject([{ operation: 'record-runs' }]);
  });
});

describe('attempts', () => {
  type Scene = ReturnType<typeof createBatchScene>;

  const LONGEST = () => 1 - Number.EPSILON;
  const BROKEN = new JobError('bad_response', { detail: 'truncated', hint: 'cut off' });

  function always(error: JobError): FetchConversation {
    return failing('session_a', error);
  }

  /** Receives one message `times` times in a row, each time when it is visible again; how long it was hidden each time. */
  async function receive(scene: Scene, message: ReceivedMessage, times: number, first = 1) {
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
    test('gets five attempts at growing bounds, then none: it is shown again at once until SQS moves it, and said to be dead once', async () => {
      const scene = createBatchScene({ refresh: always(BROKEN), random: LONGEST });
      const startedMs = scene.clock.nowMs();
      const message = aMessage();

      expect(await receive(scene, message, 8)).toEqual([60, 120, 240, 480, 0, 0, 0, 0]);
      expect(scene.refreshed).toHaveLength(MAX_ATTEMPTS);
      const { messageId } = message;
      expect(scene.telemetry.named('job-dead')).toMatchObject([
        { messageId, code: 'bad_response:truncated', attempt: 5, hint: 'cut off' },
      ]);
      expect(await scene.notes.readFailure(messageId)).toMatchObject({
        ...{ code: 'bad_response', detail: 'truncated', hint: 'cut off', failures: 5, isFinal: true },
        ...{ firstMs: startedMs, lastMs: startedMs + 900_000 },
      });
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

    test('of a permanent kind is dead at once, and the run log says so once', async () => {
      const scene = createBatchScene({ refresh: always(new JobError('crisp_forbidden', { status: 403 })) });

      expect(await receive(scene, aMessage(), 3)).toEqual([0, 0, 0]);
      expect(scene.refreshed).toHaveLength(1);
      expect(scene.telemetry.named('job-dead')).toMatchObject([{ code: 'crisp_forbidden', status: 403 }]);
      const run = { outcome: 'dead', code: 'crisp_forbidden' };
      expect(scene.runLog.runs).toMatchObject([run]);
      expect(scene.runLog.runs[0]).not.toHaveProperty('delaySeconds');
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
      ['a failure that the breaker blames on all', new JobError('crisp_unavailable', { status: 503 })],
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

    test('an outage alone, for all twenty receives, lasts for more than two days', async () => {
      const scene = createBatchScene({ refresh: always(new JobError('crisp_timeout')) });
      scene.breaker.blame('outage');

      const waits = await receive(scene, aMessage(), 20);

      expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(2 * 24 * 3600);
      expect(waits.slice(0, 10)).toEqual(Array(10).fill(30));
    });

    test('stale reads and unconfirmed absences', async () => {
      const scene = createBatchScene({
        refresh: async () => STALE,
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
      expect(await receive(scene, aMessage(), 3)).toEqual([0, 0, 0]);
      expect(scene.refreshed).toHaveLength(3);
    });
  });

  describe('a message that nobody can read', () => {
    test('is dead at once, and told once, of no session', async () => {
      const scene = createBatchScene();
      const message = aMessage({ body: 'not json' });

      expect(await receive(scene, message, 3)).toEqual([0, 0, 0]);
      expect(scene.telemetry.named('job-failed')).toHaveLength(1);
      expect(scene.telemetry.named('job-dead')).toMatchObject([{ code: 'malformed_message' }]);
      const { messageId } = message;
      expect(scene.runLog.runs).toMatchObject([
        { session: undefined, messageId, stage: 'decode', outcome: 'dead', apiCalls: 0 },
      ]);
    });
  });
});
