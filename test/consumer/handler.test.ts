import type { SQSEvent } from 'aws-lambda';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import type { Environment } from '../../lib/config/config.ts';
import { createEnvironmentSecrets } from '../../lib/config/secret-reader.ts';
import { type ConsumerHandler, createConsumerHandler } from '../../lib/consumer/handler.ts';
import type { SessionRef } from '../../lib/ids.ts';
import { createDynamoRunHistory } from '../../lib/ledger/runs.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../lib/local/aws/embedded-aws.ts';
import { createLocalAwsClients } from '../../lib/local/aws/endpoints.ts';
import { type ProvisionedResources, provisionResources } from '../../lib/local/aws/provision.ts';
import { createLambdaContext } from '../../lib/local/lambda/instances.ts';
import { createSimulator } from '../../lib/local/simulator/simulator.ts';
import { toVisible } from '../../lib/text.ts';
import { refusal } from '../bad-inputs/crisp-answers.ts';
import { POISON } from '../bad-inputs/queue-messages.ts';
import { createFakeLedger, type FakeLedger } from '../support/aws.ts';
import { createMemoryMapping } from '../support/breaker-scene.ts';
import { aSession, consumer } from '../support/builders.ts';
import { type ConsumerScene, createConsumerScene } from '../support/consumer-scene.ts';
import type { ScriptedAnswer } from '../support/crisp.ts';
import { createRecordingTelemetry, type RecordingTelemetry } from '../support/memory.ts';

describe('create consumer handler', () => {
  const SETTINGS = {
    sessionsDelaySeconds: 0,
    consumerConcurrency: 2,
    archiveBucketSuffix: '',
    archiveRetentionDays: 1,
  };
  const simulator = createSimulator({ clock: systemClock });
  let crisp: Awaited<ReturnType<typeof simulator.listen>>;
  let aws: EmbeddedAws;
  let resources: ProvisionedResources;
  let clients: ReturnType<typeof createLocalAwsClients>;

  beforeAll(async () => {
    crisp = await simulator.listen();
    aws = await startEmbeddedAws();
    resources = await provisionResources({ endpoints: aws.endpoints, settings: SETTINGS });
    clients = createLocalAwsClients(aws.endpoints);
  });
  afterAll(async () => {
    clients.destroy();
    await Promise.all([crisp.stop(), aws.stop()]);
  });

  function createScene(environment: Environment = {}): {
    handle: ConsumerHandler;
    telemetry: RecordingTelemetry;
  } {
    const telemetry = createRecordingTelemetry();
    const config = consumer({
      CRISP_API_URL: `${crisp.url}/v1`,
      CRISP_REQUESTS_PER_SECOND: '1000',
      SESSIONS_QUEUE_URL: resources.queues.sessions,
      RECORDS_TOPIC_ARN: resources.topicArn,
      ARCHIVE_BUCKET: resources.bucket,
      LEDGER_TABLE: resources.table,
      ...environment,
    });
    const { token } = simulator.account;
    const secrets = createEnvironmentSecrets({ source: 'environment', hookSecrets: [], crispToken: token });
    const mapping = createMemoryMapping();
    return {
      telemetry,
      handle: createConsumerHandler(config, { secrets, clients, telemetry, mapping }),
    };
  }

  /** A batch as Lambda delivers it: the name of each message, and what its body asks for. */
  function aBatch(messages: Record<string, SessionRef | string>): SQSEvent {
    return {
      Records: Object.entries(messages).map(([messageId, asked]) => ({
        messageId,
        receiptHandle: `handle-of-${messageId}`,
        body: typeof asked === 'string' ? asked : JSON.stringify({ v: 1, ...asked }),
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp: '1790856000000',
          SenderId: 'x',
          ApproximateFirstReceiveTimestamp: '1790856000000',
        },
        messageAttributes: {},
        md5OfBody: '',
        eventSource: 'aws:sqs',
        eventSourceARN: resources.queueArns.sessions,
        awsRegion: 'us-east-1',
      })),
    };
  }

  function inTenMinutes() {
    const deadlineMs = systemClock.nowMs() + 600_000;
    return createLambdaContext({ functionName: 'consumer', clock: systemClock, deadlineMs });
  }

  function twoSessions(): [SessionRef, SessionRef] {
    const [a, b] = simulator.seedConversations({ conversations: 2, messages: 3 });
    if (!a || !b) throw new Error('no sessions');
    return [a, b];
  }

  describe('the batch response', () => {
    test('names exactly the messages of the session that fails', async () => {
      const [a, b] = twoSessions();
      const { handle, telemetry } = createScene();
      const effect = { kind: 'answer', status: 500, reason: 'internal' } as const;
      const withdraw = simulator.faults.add({
        effect,
        route: 'conversation',
        sessionId: a.sessionId,
        times: 9,
      });

      const response = await handle(aBatch({ A1: a, A2: a, B1: b }), inTenMinutes());
      withdraw();

      expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: 'A1' }, { itemIdentifier: 'A2' }] });
      expect(telemetry.named('record-emitted')).toMatchObject([{ sessionId: b.sessionId }]);
    });

    test('names all messages, and throws nothing, when all fail', async () => {
      const response = await createScene().handle(aBatch({ P1: 'not a job', P2: '{}' }), inTenMinutes());
      expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: 'P1' }, { itemIdentifier: 'P2' }] });
    });

    test('is empty when all succeed, and the second fetch of the same content announces nothing', async () => {
      const [a, b] = twoSessions();
      const { handle, telemetry } = createScene();

      const first = await handle(aBatch({ A1: a, B1: b }), inTenMinutes());
      const second = await handle(aBatch({ A2: a }), inTenMinutes());

      expect([first, second]).toEqual([{ batchItemFailures: [] }, { batchItemFailures: [] }]);
      expect(telemetry.named('record-emitted')).toHaveLength(2);
      expect(telemetry.named('record-unchanged')).toMatchObject([{ sessionId: a.sessionId }]);
    });

    test('two invocations of one instance at the same time do not answer for each other', async () => {
      const [a, b] = twoSessions();
      const { handle } = createScene();

      const [poisoned, healthy] = await Promise.all([
        handle(aBatch({ P1: 'not a job', A1: a }), inTenMinutes()),
        handle(aBatch({ B1: b }), inTenMinutes()),
      ]);

      expect(poisoned).toEqual({ batchItemFailures: [{ itemIdentifier: 'P1' }] });
      expect(healthy).toEqual({ batchItemFailures: [] });
    });
  });

  describe('the run log', () => {
    test('says what happened to a session: its failure with what it cost, then its record', async () => {
      const [a] = twoSessions();
      const { handle } = createScene();
      const effect = { kind: 'answer', status: 500, reason: 'internal' } as const;
      const withdraw = simulator.faults.add({ effect, route: 'messages', sessionId: a.sessionId, times: 9 });
      const context = inTenMinutes();

      await handle(aBatch({ R1: a }), context);
      withdraw();
      await handle(aBatch({ R2: a }), inTenMinutes());

      const history = createDynamoRunHistory({ client: clients.dynamodb, table: resources.table });
      const runs = await history.ofSession(a, { limit: 10 });
      expect(runs).toMatchObject([
        { messageId: 'R2', outcome: 'emitted', attempt: 1, apiCalls: 3 },
        {
          messageId: 'R1',
          outcome: 'failed',
          requestId: context.awsRequestId,
          attempt: 1,
          stage: 'fetch',
          code: 'crisp_unavailable',
          status: 500,
          reason: 'reason internal',
        },
      ]);
      expect(runs[1]?.apiCalls).toBeGreaterThanOrEqual(2);
    });
  });

  test('a job has as many attempts as MAX_ATTEMPTS says', async () => {
    const [a] = twoSessions();
    const { handle, telemetry } = createScene({ MAX_ATTEMPTS: '1' });
    const effect = { kind: 'answer', status: 500, reason: 'internal' } as const;
    const withdraw = simulator.faults.add({ effect, route: 'messages', sessionId: a.sessionId, times: 9 });

    await handle(aBatch({ D1: a }), inTenMinutes());
    withdraw();

    expect(telemetry.named('job-dead')).toMatchObject([{ messageId: 'D1', code: 'crisp_unavailable' }]);
  });

  describe('an invocation that cannot be answered for', () => {
    test('fails as a whole, so that Lambda returns every message', async () => {
      const [a] = twoSessions();
      const { handle, telemetry } = createScene();
      await expect(handle(aBatch({ A1: a, '': a }), inTenMinutes())).rejects.toThrow('bad_record');

      expect(telemetry.named('bad-record')).toMatchObject([{ code: 'bad_record' }]);
      expect(simulator.counters.ofSession(a)).toEqual({});
    });
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
