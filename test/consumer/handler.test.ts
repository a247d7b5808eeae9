import type { SQSEvent } from 'aws-lambda';
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createDynamoRunHistory } from '../../lib/ledger/runs.ts';
import { toVisible } from '../../lib/text.ts';
import { refusal } from '../bad-inputs/crisp-answers.ts';
import { POISON } from '../bad-inputs/queue-messages.ts';
import { createFakeLedger, type FakeLedger } from '../support/aws.ts';
import { aSession } from '../support/builders.ts';
import { type ConsumerScene, createConsumerScene } from '../support/consumer-scene.ts';
import type { ScriptedAnswer } from '../support/crisp.ts';

describe('create consumer handler', () => {
  const ledger = createFakeLedger();

  /** The consumer before a Crisp that fails for these requests. */
  async function createScene(
    isFailing: (request: { sessionId: string; part: string }) => boolean,
    environment: Record<string, string> = {},
  ) {
    const crisp = { isFailing };
    const scene = await createConsumerScene({
      ...{ ledger, environment },
      crisp: (request) => (crisp.isFailing(request) ? refusal(500, 'internal') : undefined),
    });
    onTestFinished(scene.close);
    return { crisp, ...scene };
  }

  test('the second fetch of the same content announces nothing', async () => {
    const { deliver, telemetry } = await createScene(() => false);
    const [a, b] = [aSession('session_same'), aSession('session_other')];

    expect([await deliver({ S1: a, S2: b }), await deliver({ S3: a })]).toEqual([[], []]);
    expect(telemetry.named('record-emitted')).toHaveLength(2);
    expect(telemetry.named('record-unchanged')).toMatchObject([{ sessionId: a.sessionId }]);
  });

  test('two invocations of one instance at the same time do not answer for each other', async () => {
    const { deliver } = await createScene(() => false);
    const [a, b] = [aSession('session_one'), aSession('session_two')];
    const expected = [['P1'], []];
    expect(await Promise.all([deliver({ P1: 'not a job', A1: a }), deliver({ B1: b })])).toEqual(expected);
  });

  test('the run log says what happened to a session: its failure with what it cost, then its record', async () => {
    const { crisp, deliver } = await createScene(({ part }) => part === 'messages');
    const session = aSession('session_logged');
    await deliver({ R1: session });
    crisp.isFailing = () => false;
    await deliver({ R2: session });

    const runs = await createDynamoRunHistory(ledger).ofSession(session, { limit: 10 });
    const failure = { stage: 'fetch', code: 'crisp_unavailable', status: 500, reason: 'reason internal' };
    expect(runs).toMatchObject([
      { messageId: 'R2', outcome: 'emitted', attempt: 1, apiCalls: 2 },
      { messageId: 'R1', outcome: 'failed', attempt: 1, ...failure },
    ]);
    const requestIds = runs.map(({ requestId }) => requestId);
    expect(requestIds).toEqual(Array(2).fill(expect.stringMatching(/^[0-9a-f-]{36}$/)));
    expect(new Set(requestIds).size).toBe(2);
    expect(runs[1]?.apiCalls).toBeGreaterThanOrEqual(2);
  });

  test('a job has as many attempts as MAX_ATTEMPTS says', async () => {
    const { deliver, telemetry } = await createScene(({ part }) => part === 'messages', {
      MAX_ATTEMPTS: '1',
    });
    await deliver({ D1: aSession('session_dead') });
    expect(telemetry.named('job-dead')).toMatchObject([{ messageId: 'D1', code: 'crisp_unavailable' }]);
  });
});

describe('consumer batch response', () => {
  const ledger = createFakeLedger();

  // What Crisp answers for a session is in its name.
  const ANSWERS: Readonly<Record<string, ScriptedAnswer | undefined>> = {
    well: undefined,
    failing: { status: 500 },
    forbidden: refusal(403, 'not_allowed'),
    absent: refusal(404, 'not_found'),
    refused: refusal(429, 'rate_limited'),
    mistaken: { data: { session_id: 'session_of_another' } },
    reset: { fault: 'reset' },
    redirected: { status: 302, headers: { location: 'http://169.254.169.254/' } },
  };

  interface AskedFor {
    readonly body: string;
    readonly isAcknowledged: boolean;
  }

  const session = fc
    .tuple(fc.constantFrom('well', 'well', 'well', ...Object.keys(ANSWERS)), fc.constantFrom('a', 'b'))
    .map((names) => aSession(`session_${names.join('_')}`));
  const due = session.map(
    (ref): AskedFor => ({
      body: JSON.stringify({ v: 1, ...ref }),
      isAcknowledged: ref.sessionId.includes('well'),
    }),
  );
  const early = session.map((ref): AskedFor => {
    const bucketMs = Date.UTC(2100, 0);
    const body = JSON.stringify({ v: 1, ...ref, mode: 'full', bucketMs, notBeforeMs: bucketMs + 70_000 });
    return { body, isAcknowledged: false };
  });
  const poison = fc
    .constantFrom(...POISON)
    .map(([, , , body]): AskedFor => ({ body, isAcknowledged: false }));
  const batch = fc.array(fc.oneof({ weight: 6, arbitrary: due }, early, poison), {
    minLength: 1,
    maxLength: 10,
  });

  test('for any mix of outcomes, the response names exactly the messages that stay, each once', async () => {
    const scene = await createConsumerScene({
      ledger,
      // So the breaker never opens, and each run stands for itself.
      canTurnMapping: false,
      crisp: ({ sessionId, part }) =>
        part === 'conversation' ? ANSWERS[sessionId.split('_')[1] ?? ''] : undefined,
    });
    onTestFinished(() => scene.close());
    let runs = 0;

    await fc.assert(
      fc.asyncProperty(batch, fc.integer({ min: 1, max: 20 }), async (asked, receiveCount) => {
        runs += 1;
        const messages = new Map(asked.map((message, index) => [`m-${runs}-${index}`, message]));
        const told = scene.telemetry.named('job-acknowledged').length;

        const failed = await scene.deliver(
          Object.fromEntries([...messages].map(([id, { body }]) => [id, body])),
          receiveCount,
          // What is asked for the year 2100 waits for a bucket and the margin, from now.
          scene.clock.nowMs(),
        );

        const expected = [...messages].filter(([, { isAcknowledged }]) => !isAcknowledged).map(([id]) => id);
        expect(failed.toSorted()).toEqual(expected.toSorted());
        const acknowledged = scene.telemetry.named('job-acknowledged').slice(told);
        expect(acknowledged.map(({ messageId }) => messageId)).toHaveLength(messages.size - expected.length);
      }),
      { numRuns: 30 },
    );
  });
});

describe('consumer poison', () => {
  const session = aSession();
  let ledger: FakeLedger;
  let scene: ConsumerScene;

  beforeAll(async () => {
    ledger = createFakeLedger();
  });

  beforeEach(async () => {
    scene = await createConsumerScene({ ledger });
    onTestFinished(() => scene.close());
  });

  test('every poison message is dead at once, in whatever company, and costs neither a request nor a write', async () => {
    const poison = Object.fromEntries(POISON.map(([, , , body], index) => [toId(index), body]));
    const expected = POISON.map(([, , reason], index) => [toId(index), reason]);

    const failed = await scene.deliver(poison);
    const deadAgain = await scene.deliver(poison, 2);

    const told = scene.telemetry.named('job-dead').map(({ messageId, code }) => [messageId, code]);
    expect(told.toSorted()).toEqual(expected.toSorted());
    expect([failed.length, deadAgain.length]).toEqual([POISON.length, POISON.length]);
    expect(failed.map(scene.hiddenFor)).toEqual(Array(POISON.length).fill(0));
    expect([scene.requests(), scene.writes()]).toEqual([0, 0]);
  });

  test('Q1 Q4 poison harms no message beside it', async () => {
    const failed = await scene.deliver({ P1: 'not a job', A1: session, P2: '{"sessionId":".."}', P3: '' });
    expect(failed).toEqual(['P1', 'P2', 'P3']);
    expect(scene.records).toMatchObject([{ session_id: session.sessionId }]);
  });

  test('Q8 a message that asks for next year waits for a bucket and the margin alone', async () => {
    const bucketMs = scene.clock.nowMs();
    const body = JSON.stringify({
      v: 1,
      ...session,
      mode: 'incremental',
      bucketMs,
      notBeforeMs: bucketMs * 2,
    });

    // It was sent now, by SQS's own clock.
    expect(await scene.deliver({ A1: body }, 1, bucketMs)).toEqual(['A1']);
    expect(scene.telemetry.named('clock-suspect')).toMatchObject([{ messageId: 'A1' }]);
    expect(scene.hiddenFor('A1')).toBeGreaterThan(60);
    expect(scene.hiddenFor('A1')).toBeLessThanOrEqual(70);
    expect(scene.requests()).toBe(0);
  });

  test('Q13 ten messages of a session are one fetch and ten acknowledgements', async () => {
    const ten = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`A${index}`, session]));

    expect(await scene.deliver(ten)).toEqual([]);
    expect(scene.telemetry.named('job-acknowledged')).toHaveLength(10);
    // The conversation, and a page of messages.
    expect(scene.requests()).toBe(2);
    expect(scene.records).toMatchObject([{ enrichment: { absorbed: 9 } }]);
  });

  const unanswerable: Readonly<Record<string, readonly [code: string, event: unknown]>> = {
    'Q6 a record without a message id': ['bad_record', anEvent({ messageId: undefined })],
    'Q6 a record without a receipt handle': ['bad_record', anEvent({ receiptHandle: '' })],
    'Q7 a record of another service': ['bad_invocation', anEvent({ eventSource: 'aws:sns' })],
    'Q7 no records': ['bad_invocation', {}],
    'Q7 nothing': ['bad_invocation', null],
  };

  for (const [title, [code, event]] of Object.entries(unanswerable)) {
    test(`${title} fails the whole invocation with ${code}, before anything is called`, async () => {
      // Somebody can invoke a function with anything.
      await expect(scene.invoke(event as SQSEvent)).rejects.toMatchObject({ code });

      expect(scene.telemetry.events).toMatchObject([{ name: 'bad-record', code }]);
      expect([scene.requests(), scene.writes()]).toEqual([0, 0]);
    });
  }

  /** Titles are clipped: two may be equal. And SQS gives no id that a log would have to escape. */
  function toId(index: number): string {
    return toVisible(`${index} ${POISON[index]?.slice(0, 2).join(' ')}`);
  }

  /** Two records: one that could be answered for, and another. */
  function anEvent(record: Record<string, unknown>) {
    const sound = {
      messageId: 'A1',
      receiptHandle: 'h',
      body: JSON.stringify(session),
      eventSource: 'aws:sqs',
    };
    return { Records: [sound, { ...sound, messageId: 'A2', ...record }] };
  }
});
