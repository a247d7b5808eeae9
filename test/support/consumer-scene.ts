import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { createS3RecordArchive } from '../../lib/adapters/s3-record-archive.ts';
import { createEnvironmentSecrets } from '../../lib/adapters/secrets/environment-secrets.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { createConsumerHandler } from '../../lib/app/create-consumer-handler.ts';
import { JobError } from '../../lib/core/errors/job-error.ts';
import type { SessionRef } from '../../lib/core/ids.ts';
import { createLambdaContext } from '../../lib/local/lambda/lambda-context.ts';
import type { ConsumerSwitch, ConsumerSwitchState } from '../../lib/ports/consumer-switch.ts';
import { consumer as aConsumerConfig } from './a-configuration.ts';
import { MAX_RESPONSE_BYTES } from './crisp-over-http.ts';
import { createFakeConsumerAws, toHandle } from './fake-consumer-aws.ts';
import { createRecordingTelemetry } from './recording-telemetry.ts';
import { createScriptedCrisp, type ScriptedAnswer } from './scripted-crisp.ts';
import type { startEmbeddedLedger } from './start-embedded-ledger.ts';

export type ConsumerScene = Awaited<ReturnType<typeof createConsumerScene>>;

/** What a test may decide of Crisp's answers; undefined: a good one. `part` is the end of the path, or `conversation`. */
export type Misbehaviour = (request: { sessionId: string; part: string }) => ScriptedAnswer | undefined;

export interface ConsumerSceneOptions {
  readonly ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;
  readonly crisp?: Misbehaviour;
  readonly environment?: Readonly<Record<string, string>>;
  /** False: what feeds the consumer cannot be switched off. */
  readonly hasSwitch?: boolean;
}

export const RETRY_BASE_SECONDS = 30;

/**
 * One instance of the consumer function before a scripted Crisp over HTTP and an embedded ledger; archive, topic and
 * queue are in memory. Backoffs are the shortest possible, and time can be moved on.
 */
export async function createConsumerScene(options: ConsumerSceneOptions) {
  const crisp = await createScriptedCrisp(({ url }) => {
    const request = readPath(url);
    return options.crisp?.(request) ?? toGoodAnswer(request);
  });
  const telemetry = createRecordingTelemetry();
  const clock = createShiftableClock();
  const aws = createFakeConsumerAws(options.ledger.client);
  const consumerSwitch = createFakeSwitch({ isStuck: options.hasSwitch === false });
  const config = toConfig(crisp.url, options);
  const crispToken = { identifier: 'an-identifier', key: 'f'.repeat(64) };
  const handler = createConsumerHandler(config, {
    secrets: createEnvironmentSecrets({ source: 'environment', hookSecrets: [], crispToken }),
    clients: aws.clients,
    clock,
    telemetry,
    random: () => 0,
    consumerSwitch,
  });

  return {
    telemetry,
    records: aws.records,
    clock,
    isSwitchedOff: async () => (await consumerSwitch.read()) === 'off',
    /** Calls that write, to the archive or to the topic. */
    writes: aws.writes,
    /** Requests that Crisp saw. */
    requests: () => crisp.requests.length,
    /** What the archive keeps: the JSON texts of a session's versions. */
    archived: (session: SessionRef, version: number) =>
      createS3RecordArchive({ client: aws.clients.s3, bucket: config.archiveBucket }).getRecord(
        session,
        version,
      ),
    /** Invokes the function with any event. */
    invoke: (event: SQSEvent) => handler(event, toContext()),
    /** Seconds for which a message was hidden last. */
    hiddenFor: (messageId: string) => aws.hidden.get(toHandle(messageId)),
    /** Delivers a batch: by message id, the session that each message asks for, or its body. */
    async deliver(
      messages: Readonly<Record<string, SessionRef | string>>,
      receiveCount = 1,
      sentMs = 1_790_856_000_000,
    ) {
      const { batchItemFailures } = await handler(
        toSqsEvent(messages, { receiveCount, sentMs }),
        toContext(),
      );
      return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    },
    close: () => crisp.close(),
  };

  function toContext() {
    const deadlineMs = clock.nowMs() + 600_000;
    return createLambdaContext({ functionName: 'consumer', clock, deadlineMs });
  }
}

function toConfig(crispUrl: URL, { ledger, environment }: ConsumerSceneOptions) {
  return aConsumerConfig({
    CRISP_API_URL: crispUrl.href,
    CRISP_REQUESTS_PER_SECOND: '1000',
    MAX_RESPONSE_BYTES: String(MAX_RESPONSE_BYTES),
    RETRY_BASE_SECONDS: String(RETRY_BASE_SECONDS),
    LEDGER_TABLE: ledger.table,
    ...environment,
  });
}

/** One that is stuck cannot be turned off, so the breaker never opens. */
function createFakeSwitch({ isStuck }: { isStuck: boolean }): ConsumerSwitch {
  let state: ConsumerSwitchState = 'on';
  return {
    read: async () => state,
    async turnOn() {
      state = 'on';
    },
    async turnOff() {
      if (isStuck) throw new JobError('switch_failed');
      state = 'off';
    },
  };
}

/** The machine's time, and what a test adds to it; nobody sleeps longer for that. */
function createShiftableClock() {
  let aheadMs = 0;
  return {
    nowMs: () => systemClock.nowMs() + aheadMs,
    sleep: systemClock.sleep,
    shift(ms: number) {
      aheadMs += ms;
    },
  };
}

function readPath(url: string) {
  const [, , , websiteId = '', , sessionId = '', part = 'conversation'] = (url.split('?')[0] ?? '').split(
    '/',
  );
  return { websiteId, sessionId, part };
}

function toGoodAnswer({ websiteId, sessionId, part }: ReturnType<typeof readPath>): ScriptedAnswer {
  if (sessionId === '') return { data: { website_id: websiteId } };
  if (part !== 'conversation') return { data: [] };
  return { data: { website_id: websiteId, session_id: sessionId, state: 'unresolved' } };
}

function toSqsEvent(
  messages: Readonly<Record<string, SessionRef | string>>,
  { receiveCount, sentMs }: { receiveCount: number; sentMs: number },
): SQSEvent {
  const Records = Object.entries(messages).map(
    ([messageId, asked]): SQSRecord => ({
      messageId,
      receiptHandle: toHandle(messageId),
      body: typeof asked === 'string' ? asked : JSON.stringify({ v: 1, ...asked }),
      attributes: {
        ApproximateReceiveCount: String(receiveCount),
        SentTimestamp: String(sentMs),
        SenderId: 'x',
        ApproximateFirstReceiveTimestamp: String(sentMs),
      },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:crisp-enrich-local-sessions.fifo',
      awsRegion: 'us-east-1',
    }),
  );
  return { Records };
}
