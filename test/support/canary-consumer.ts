import { Readable } from 'node:stream';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSEvent } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import type { CrispPool } from '../../lib/adapters/crisp/crisp-http.ts';
import { createEnvironmentSecrets } from '../../lib/adapters/secrets/environment-secrets.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { createConsumerHandler } from '../../lib/app/create-consumer-handler.ts';
import { consumer as aConsumerConfig } from './a-configuration.ts';
import { CANARY } from './canaries.ts';
import { createConditionalS3Client } from './conditional-s3.ts';
import type { startEmbeddedLedger } from './start-embedded-ledger.ts';

/** An answer of Crisp, byte for byte; or what is thrown in the place of one. */
export interface CanaryAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
}
export type Answer = (path: string, consumer: { failOnce(thrown: () => unknown): void }) => CanaryAnswer;
export type Service = 'sqs' | 'sns' | 's3' | 'dynamodb';

export interface CanaryConsumerOptions {
  readonly ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;
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
  };
  const settings = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  /** The function itself fails with this, the next time that it looks at the clock. */
  const failOnce = (thrown: () => unknown) => void defects.push(thrown);
  const clients = {
    sqs: new SQSClient(settings),
    sns: new SNSClient(settings),
    s3: createConditionalS3Client(),
    dynamodb: ledger.client,
  };
  const [sqs, sns] = [mockClient(clients.sqs), mockClient(clients.sns)];
  sqs.resolves({});
  sns.on(PublishCommand).resolves({ MessageId: 'notice-1' });
  if (failing) failWith(clients, failing);

  const crispToken = { identifier: CANARY.tokenIdentifier, key: CANARY.tokenKey };
  const handler = createConsumerHandler(
    aConsumerConfig({
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
      consumerSwitch: { read: async () => 'on', turnOn: async () => {}, turnOff: async () => {} },
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
