import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { type AwsClients, expectBucketOwner } from '../aws/clients.ts';
import { type Clock, systemClock } from '../clock.ts';
import { PEOPLE_EVENT, type ReconcileConfig } from '../config/config.ts';
import { loadReconcileConfig } from '../config/load.ts';
import { createKnownSecrets, createSecrets, type Secrets } from '../config/secret-reader.ts';
import { startFunction, withoutForeignErrors } from '../config/start-function.ts';
import type { CrispPool } from '../crisp/http.ts';
import { JobError } from '../errors.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { createFunctionTelemetry } from '../telemetry/logger.ts';
import { isJsonObject } from '../text.ts';
import { eraseRemoved, type RemovalContext } from './erase.ts';
import { type PeopleContext, refreshPeople } from './people.ts';
import { type ReconcileReport, sweepWebsite } from './reconcile.ts';
import { createReconciler, type Reconciler } from './reconciler.ts';

/** The sweeps of this process's environment; a wrong configuration ends the function at its start, and says why. */
export function startReconcile() {
  return startFunction(() => {
    const config = loadReconcileConfig();
    return createReconcileHandler(config, { secrets: createSecrets(config.secrets, systemClock) });
  });
}

interface ReconcileDependencies {
  readonly secrets: Secrets;
  /** The rest are what local mode and tests put in the place of AWS; `telemetry`, in that of Powertools. */
  readonly clients?: Pick<AwsClients, 'sqs' | 's3' | 'dynamodb'>;
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
  /** In place of connections to Crisp. */
  readonly pool?: CrispPool;
}

// Nobody waits for a sweep, and the next one does what this one could not.
const TIMES = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true },
};

// To end what has begun.
const RESERVE_MS = 20_000;

// It runs every minute, and two never at once.
const PEOPLE_RUN_MS = 50_000;

/**
 * The reconcile function. An invocation is one sweep of every website, after what was kept of removed conversations is
 * deleted; with `PEOPLE_EVENT` it enqueues the conversations of people whose profile changed, and nothing else.
 */
export function createReconcileHandler(config: ReconcileConfig, dependencies: ReconcileDependencies) {
  const { secrets, redact } = createKnownSecrets(dependencies.secrets);
  const { clock = systemClock, pool, clients = createClients(config.sessionsQueueUrl) } = dependencies;
  const { telemetry, middlewares } = createFunctionTelemetry(dependencies.telemetry, {
    service: 'reconcile',
    logLevel: config.logLevel,
    namespace: config.metricsNamespace,
    redact,
  });
  const reconciler = createReconciler(config, { secrets, clients, clock, telemetry, pool });

  const removal = {
    ...{ s3: clients.s3, bucket: config.archiveBucket },
    ...{ dynamodb: clients.dynamodb, table: config.ledgerTable },
    ...{ onRemoved: config.onRemoved, clock, telemetry },
  };

  const handler = middy(async (event: unknown, lambda: Context): Promise<void> => {
    const stop = new AbortController();
    const isForPeople = isJsonObject(event) && event.only === PEOPLE_EVENT.only;
    const leftMs = Math.max(0, lambda.getRemainingTimeInMillis() - RESERVE_MS);
    const untilMs = isForPeople ? Math.min(leftMs, PEOPLE_RUN_MS) : leftMs;
    const clear = clock.timer(untilMs, () => stop.abort());
    const work = isForPeople
      ? tellPeople(reconciler.context, { telemetry, signal: stop.signal })
      : eraseAndSweep(reconciler, removal, { telemetry, signal: stop.signal });
    await work.finally(clear);
  }).use(middlewares);
  return withoutForeignErrors((event: unknown, lambda: Context) => handler(event, lambda));
}

function createClients(sessionsQueueUrl: string): Pick<AwsClients, 'sqs' | 's3' | 'dynamodb'> {
  return {
    sqs: new SQSClient(TIMES),
    s3: expectBucketOwner(new S3Client(TIMES), sessionsQueueUrl),
    dynamodb: new DynamoDBClient(TIMES),
  };
}

interface RunOptions {
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
}

async function tellPeople(context: PeopleContext, { telemetry, signal }: RunOptions): Promise<void> {
  const report = await refreshPeople(context, signal);
  // Mostly nobody's has.
  if (report.people + report.waiting > 0) telemetry.emit({ name: 'people-refreshed', ...report });
}

/** Neither keeps the other from its work. */
async function eraseAndSweep(
  reconciler: Reconciler,
  removal: RemovalContext,
  options: RunOptions,
): Promise<void> {
  const failures: unknown[] = [];
  await eraseRemoved(removal, options.signal).catch((thrown: unknown) => failures.push(thrown));
  await sweepAll(reconciler, options).catch((thrown: unknown) => failures.push(thrown));
  if (failures.length > 0) throw failures[0];
}

/**
 * Sweeps one website after another, beginning with any: a limit of Crisp's, or the time, may end it before the last. That
 * is no failure: the next sweep goes on.
 */
async function sweepAll(
  { context, listWebsites, countCalls }: Reconciler,
  { telemetry, signal }: RunOptions,
): Promise<void> {
  let failure: unknown;
  const websiteIds = await listWebsites().catch((thrown: unknown) => {
    if (isRefused(thrown)) return [];
    throw thrown;
  });
  // When exactly Lambda starts a run is as good as a die.
  const first = context.clock.nowMs() % Math.max(1, websiteIds.length);
  for (const websiteId of [...websiteIds.slice(first), ...websiteIds.slice(0, first)]) {
    const callsBefore = countCalls();
    let report: ReconcileReport | undefined;
    const onProgress = (soFar: ReconcileReport) => {
      report = soFar;
    };
    try {
      tell(await sweepWebsite(context, websiteId, { signal, onProgress }));
    } catch (thrown) {
      if (report) tell(report, thrown instanceof JobError ? thrown.reason : 'unexpected');
      if (isRefused(thrown)) break;
      failure ??= thrown;
    }

    function tell(
      { inCrisp, current, missing, deadLettered, unknown, enqueued, ...rest }: ReconcileReport,
      ended: string = rest.ended,
    ): void {
      const calls = countCalls() - callsBefore;
      const counts = { inCrisp, current, missing, deadLettered, unknown, enqueued, calls };
      telemetry.emit({ name: 'conversations-reconciled', websiteId, ...counts, ended });
    }
  }
  if (failure !== undefined) throw failure;
}

function isRefused(thrown: unknown): boolean {
  return thrown instanceof JobError && thrown.disposition === 'refused';
}
