import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDynamoRunHistory } from '../../lib/adapters/ledger/dynamo-run-history.ts';
import { createEnvironmentSecrets } from '../../lib/adapters/secrets/environment-secrets.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { type ConsumerHandler, createConsumerHandler } from '../../lib/app/create-consumer-handler.ts';
import type { Environment } from '../../lib/core/config/environment.ts';
import type { SessionRef } from '../../lib/core/ids.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../lib/local/aws/embedded-aws.ts';
import { createLocalAwsClients } from '../../lib/local/aws/endpoints.ts';
import { type ProvisionedResources, provisionResources } from '../../lib/local/aws/provision.ts';
import { createLambdaContext } from '../../lib/local/lambda/lambda-context.ts';
import { createSimulator } from '../../lib/local/simulator/create-simulator.ts';
import { consumer as aConsumerConfig } from '../support/a-configuration.ts';
import { createMemoryConsumerSwitch } from '../support/memory-consumer-switch.ts';
import { createRecordingTelemetry, type RecordingTelemetry } from '../support/recording-telemetry.ts';

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
  const config = aConsumerConfig({
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
  const consumerSwitch = createMemoryConsumerSwitch();
  return {
    telemetry,
    handle: createConsumerHandler(config, { secrets, clients, telemetry, consumerSwitch }),
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
    const { handle } = createScene();

    const response = await handle(aBatch({ P1: 'not a job', P2: '{}' }), inTenMinutes());

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
    const batch = aBatch({ A1: a, '': a });

    await expect(handle(batch, inTenMinutes())).rejects.toThrow('bad_record');

    expect(telemetry.named('bad-record')).toMatchObject([{ code: 'bad_record' }]);
    expect(simulator.counters.ofSession(a)).toEqual({});
  });
});
