import { Readable } from 'node:stream';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { systemClock } from '../../lib/clock.ts';
import { createEnvironmentSecrets } from '../../lib/config/secret-reader.ts';
import { createConsumerHandler } from '../../lib/consumer/handler.ts';
import type { CrispPool } from '../../lib/crisp/http.ts';
import { JobError } from '../../lib/errors.ts';
import type { SessionRef } from '../../lib/ids.ts';
import { createLambdaContext } from '../../lib/local/lambda/instances.ts';
import { createS3RecordArchive } from '../../lib/record/archive.ts';
import type { EnrichedRecord, RemovedRecord } from '../../lib/record/schema.ts';
import { createFakeS3Client, type FakeLedger } from './aws.ts';
import { createMemoryMapping } from './breaker-scene.ts';
import { consumer } from './builders.ts';
import { createScriptedCrisp, MAX_RESPONSE_BYTES, type ScriptedAnswer } from './crisp.ts';
import { CANARY } from './hostile.ts';
import { createRecordingTelemetry } from './memory.ts';

export type ConsumerScene = Awaited<ReturnType<typeof createConsumerScene>>;

/** What a test may decide of Crisp's answers; undefined: a good one. `part` is the end of the path, or `conversation`. */
export type Misbehaviour = (request: { sessionId: string; part: string }) => ScriptedAnswer | undefined;

interface ConsumerSceneOptions {
  readonly ledger: FakeLedger;
  readonly crisp?: Misbehaviour;
  readonly environment?: Readonly<Record<string, string>>;
  /** False: what feeds the consumer cannot be switched off. */
  readonly canTurnMapping?: boolean;
}

export const RETRY_BASE_SECONDS = 30;
const settings = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };

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
  const mapping = createMemoryMapping();
  // One that is stuck cannot be turned off, so the breaker never opens.
  if (options.canTurnMapping === false) mapping.turnOff = () => Promise.reject(new JobError('switch_failed'));
  const config = toConfig(crisp.url, options);
  const crispToken = { identifier: 'an-identifier', key: 'f'.repeat(64) };
  const handler = createConsumerHandler(config, {
    secrets: createEnvironmentSecrets({ source: 'environment', hookSecrets: [], crispToken }),
    clients: aws.clients,
    clock,
    telemetry,
    random: () => 0,
    mapping,
  });

  return {
    telemetry,
    records: aws.records,
    clock,
    isSwitchedOff: async () => (await mapping.read()) === 'off',
    /** Calls that write, to the archive or to the topic. */
    writes: aws.writes,
    /** Every request to AWS since this was asked for last, by name; those for the day's calls apart, which many share. */
    takeRequests: () => aws.asked.splice(0),
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
  return consumer({
    CRISP_API_URL: crispUrl.href,
    CRISP_REQUESTS_PER_SECOND: '1000',
    MAX_RESPONSE_BYTES: String(MAX_RESPONSE_BYTES),
    RETRY_BASE_SECONDS: String(RETRY_BASE_SECONDS),
    LEDGER_TABLE: ledger.table,
    ...environment,
  });
}

/** The machine's time, and what a test adds to it; nobody sleeps longer for that. */
function createShiftableClock() {
  let aheadMs = 0;
  return {
    nowMs: () => systemClock.nowMs() + aheadMs,
    sleep: systemClock.sleep,
    timer: systemClock.timer,
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

/**
 * The clients of a consumer whose queue, topic and archive are in memory: what it hid, announced and wrote. The archive
 * keeps S3's conditions.
 */
function createFakeConsumerAws(dynamodb: DynamoDBClient) {
  const hidden = new Map<string, number>();
  const records: (EnrichedRecord | RemovedRecord)[] = [];
  const [sqs, sns] = [new SQSClient(settings), new SNSClient(settings)];

  mockClient(sqs)
    .on(ChangeMessageVisibilityCommand)
    .callsFake(
      async ({ ReceiptHandle, VisibilityTimeout }) => void hidden.set(ReceiptHandle, VisibilityTimeout),
    );
  mockClient(sns)
    .on(PublishCommand)
    .callsFake(async ({ Message }) => {
      records.push(JSON.parse(Message));
      return { MessageId: `notice-${records.length}` };
    });
  const puts = 0;
  const asked: string[] = [];
  const watch = <Client extends object>(client: Client): Client => {
    // Every client of the SDK sends its commands by this method.
    const { send } = client as { send: (command: object, ...rest: unknown[]) => unknown };
    const value = (command: object, ...rest: unknown[]) => {
      if (!JSON.stringify(command).includes('"quota')) asked.push(command.constructor.name);
      return send.call(client, command, ...rest);
    };
    return Object.create(client, { send: { value } });
  };
  const clients = {
    sqs: watch(sqs),
    sns: watch(sns),
    s3: watch(createFakeS3Client().client),
    dynamodb: watch(dynamodb),
  };
  return { clients, asked, hidden, records, writes: () => puts + records.length };
}

/** The receipt handle that messages of a test have. */
function toHandle(messageId: string): string {
  return `handle-of-${messageId}`;
}

/** An answer of Crisp, byte for byte; or what is thrown in the place of one. */
export interface CanaryAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
}
export type Answer = (path: string, consumer: { failOnce(thrown: () => unknown): void }) => CanaryAnswer;
export type Service = 'sqs' | 'sns' | 's3' | 'dynamodb';

export interface CanaryConsumerOptions {
  readonly ledger: FakeLedger;
  readonly logLevel: string;
  readonly answer: Answer;
  /** A service whose every call throws this. */
  readonly failing?: { readonly service: Service; readonly thrown: () => unknown };
}

// The fields of it that are read.
const CONTEXT = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 600_000 } as Context;

// Each consumer lives an hour after the one before, so that no breaker is still held open by another's failures.
let aheadMs = 0;

/** The consumer function with its own log, over a Crisp and an AWS that may do anything. */
export function createCanaryConsumer({ ledger, logLevel, answer, failing }: CanaryConsumerOptions) {
  aheadMs += 3_600_000;
  const aheadNowMs = aheadMs;
  const defects: (() => unknown)[] = [];
  const clock = {
    nowMs() {
      const defect = defects.pop();
      if (defect) throw defect();
      return systemClock.nowMs() + aheadNowMs;
    },
    sleep: systemClock.sleep,
    timer: systemClock.timer,
  };
  /** The function itself fails with this, the next time that it looks at the clock. */
  const failOnce = (thrown: () => unknown) => void defects.push(thrown);
  const clients = {
    sqs: new SQSClient(settings),
    sns: new SNSClient(settings),
    s3: createFakeS3Client().client,
    dynamodb: ledger.client,
  };
  const [sqs, sns] = [mockClient(clients.sqs), mockClient(clients.sns)];
  sqs.resolves({});
  sns.on(PublishCommand).resolves({ MessageId: 'notice-1' });
  if (failing) failWith(clients, failing);

  const crispToken = { identifier: CANARY.tokenIdentifier, key: CANARY.tokenKey };
  const handler = createConsumerHandler(
    consumer({
      LOG_LEVEL: logLevel,
      CRISP_REQUESTS_PER_SECOND: '1000',
      LEDGER_TABLE: ledger.table,
      ENRICH_INCLUDE: 'profile,pages,events,relations',
    }),
    {
      secrets: createEnvironmentSecrets({ source: 'environment', hookSecrets: [], crispToken }),
      clients,
      clock,
      random: () => 0,
      pool: createPool((path) => answer(path, { failOnce })),
      mapping: createMemoryMapping(),
    },
  );

  return {
    // Somebody can invoke a function with anything.
    invoke: (event: unknown) => handler(event as SQSEvent, CONTEXT),
    failOnce,
    /** What SQS was asked, and what was published. */
    sqsCalls: () => JSON.stringify(sqs.calls().map(({ args }) => args[0].input)),
    published: () => JSON.stringify(sns.calls().map(({ args }) => args[0].input)),
  };
}

function failWith(
  clients: Record<Service, unknown>,
  { service, thrown }: NonNullable<CanaryConsumerOptions['failing']>,
) {
  // Every client of the SDK sends its commands by this method.
  const client = clients[service] as { send: unknown };
  clients[service] = Object.create(client, {
    send: {
      value: async () => {
        throw thrown();
      },
    },
  });
}

function createPool(answer: (path: string) => CanaryAnswer): CrispPool {
  const request = async ({ path }: { path: string }) => {
    const { status = 200, headers = { 'content-type': 'application/json' }, body = '{}' } = answer(path);
    return {
      statusCode: status,
      headers,
      body: typeof body === 'string' ? Readable.from([Buffer.from(body)]) : body,
    };
  };
  // The part of an answer that is read; and only this one form of the method is called.
  return { request, destroy: async () => undefined } as unknown as CrispPool;
}
