import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { type AwsClients, expectBucketOwner } from '../aws/clients.ts';
import { createSqsQueueReader } from '../aws/queues.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { ReconcileConfig } from '../config/config.ts';
import { loadReconcileConfig } from '../config/load.ts';
import { createKnownSecrets, createSecrets, type Secrets } from '../config/secret-reader.ts';
import { startFunction, withoutForeignErrors } from '../config/start-function.ts';
import { type CrispClient, createCrispApi } from '../crisp/client.ts';
import { expectList } from '../crisp/fields.ts';
import type { CrispPool } from '../crisp/http.ts';
import { createThrottle } from '../crisp/throttle.ts';
import { JobError } from '../errors.ts';
import { parseWebsiteId, type WebsiteId } from '../ids.ts';
import { createCallQuota } from '../ledger/quota.ts';
import { createDynamoQuotaNotes, toTokenKey } from '../ledger/quota-notes.ts';
import { createDynamoRunHistory } from '../ledger/runs.ts';
import { createDynamoSweepNotes } from '../ledger/sweep-notes.ts';
import { createBestEffort } from '../ledger/table.ts';
import { createEnqueueSessions, createSqsSessionBatches } from '../queue/sessions-queue.ts';
import { createS3RecordArchive } from '../record/archive.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { createPowertoolsTelemetry, createSafeTelemetry } from '../telemetry/logger.ts';
import { isJsonObject } from '../text.ts';
import {
  type ReconcileContext,
  type ReconcileReport,
  sweepWebsite,
  toFetchesPerSecond,
} from './reconcile.ts';

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

/** The reconcile function: one sweep of every website an invocation, whatever the event says. */
export function createReconcileHandler(config: ReconcileConfig, dependencies: ReconcileDependencies) {
  const { secrets, redact } = createKnownSecrets(dependencies.secrets);
  const { clock = systemClock, pool, clients = createClients(config.sessionsQueueUrl) } = dependencies;
  const { telemetry, middlewares } = dependencies.telemetry
    ? { telemetry: createSafeTelemetry(dependencies.telemetry, redact), middlewares: [] }
    : createPowertoolsTelemetry({
        service: 'reconcile',
        logLevel: config.logLevel,
        namespace: config.metricsNamespace,
        redact,
      });
  const reconciler = createReconciler(config, { secrets, clients, clock, telemetry, pool });

  const handler = middy(async (_event: unknown, lambda: Context): Promise<void> => {
    const stop = new AbortController();
    const over = new AbortController();
    const untilMs = Math.max(0, lambda.getRemainingTimeInMillis() - RESERVE_MS);
    clock.sleep(untilMs, over.signal).then(
      () => stop.abort(),
      () => undefined, // All was done before.
    );
    await sweepAll(reconciler, { telemetry, signal: stop.signal }).finally(() => over.abort());
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

/** Sweeps one website after another. A limit of Crisp's ends it, and is no failure: the next sweep goes on. */
async function sweepAll(
  { context, listWebsites, countCalls }: Reconciler,
  { telemetry, signal }: { readonly telemetry: Telemetry; readonly signal: AbortSignal },
): Promise<void> {
  let failure: unknown;
  for (const websiteId of await listWebsites()) {
    const callsBefore = countCalls();
    let report: ReconcileReport | undefined;
    const onProgress = (soFar: ReconcileReport) => {
      report = soFar;
    };
    try {
      tell(await sweepWebsite(context, websiteId, { signal, onProgress }));
    } catch (thrown) {
      if (report) tell(report, thrown instanceof JobError ? thrown.reason : 'unexpected');
      if (thrown instanceof JobError && thrown.disposition === 'refused') return;
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

/** What reconciles a stage, and the websites that it has. */
export interface Reconciler {
  readonly context: ReconcileContext;
  /** Those that are configured, or all that the token may read. */
  readonly listWebsites: () => Promise<readonly WebsiteId[]>;
  /** Requests to Crisp until now. */
  readonly countCalls: () => number;
  readonly close: () => Promise<void>;
}

interface ReconcilerDependencies
  extends Required<Pick<ReconcileDependencies, 'secrets' | 'clients' | 'clock'>> {
  readonly telemetry: Telemetry;
  readonly pool?: CrispPool | undefined;
}

/** Of the configuration, what a reconciler needs. */
type ReconcilerConfig = Pick<
  ReconcileConfig,
  | 'crispApiUrl'
  | 'crispTier'
  | 'websiteIds'
  | 'coalesce'
  | 'requestsPerSecond'
  | 'instances'
  | 'dailyQuota'
  | 'quotaLiveShare'
  | 'maxResponseBytes'
  | 'sessionsQueueUrl'
  | 'archiveBucket'
  | 'ledgerTable'
>;

export function createReconciler(config: ReconcilerConfig, dependencies: ReconcilerDependencies): Reconciler {
  const { secrets, clients, clock, telemetry, pool } = dependencies;
  const ledger = { client: clients.dynamodb, table: config.ledgerTable };
  const quotaNotes = createDynamoQuotaNotes({ ...ledger, findKey: () => toTokenKey(secrets) });
  const { dailyQuota, quotaLiveShare: liveShare, instances } = config;
  const quota = createCallQuota({ notes: quotaNotes, dailyQuota, liveShare, instances, clock, telemetry });
  let calls = 0;
  const crisp = createCrispApi({
    baseUrl: config.crispApiUrl,
    tier: config.crispTier,
    maxResponseBytes: config.maxResponseBytes,
    throttle: createThrottle({ ratePerSecond: config.requestsPerSecond * LIST_SHARE, burst: 1, clock }),
    quota: {
      async take() {
        await quota.take();
        calls += 1;
      },
      giveBack: quota.giveBack,
    },
    secrets,
    clock,
    telemetry,
    ...(pool && { pool }),
  });
  const batches = createSqsSessionBatches({ sqs: clients.sqs, queueUrl: config.sessionsQueueUrl, clock });
  return {
    context: {
      crisp,
      archive: createS3RecordArchive({ client: clients.s3, bucket: config.archiveBucket }),
      runHistory: createDynamoRunHistory(ledger),
      enqueue: createEnqueueSessions({ batches, coalesce: config.coalesce, clock }),
      queueReader: createSqsQueueReader(clients.sqs, config.sessionsQueueUrl),
      quota: quotaNotes,
      sweepNotes: createDynamoSweepNotes(ledger),
      bestEffort: createBestEffort(telemetry),
      coalesce: config.coalesce,
      fetchesPerSecond: toFetchesPerSecond(config),
      clock,
    },
    listWebsites: () => listWebsites(crisp, config),
    countCalls: () => calls,
    close: () => crisp.close(),
  };
}

// Lists are few beside fetches, so no share of the rate is kept for them: they take a little on top.
const LIST_SHARE = 0.1;

const MOST_PAGES = 100;

/** Throws `crisp_rejected:website_unknown` for a website's token without a list of its websites: it cannot be asked. */
async function listWebsites(
  crisp: Pick<CrispClient, 'listWebsites'>,
  { websiteIds, crispTier }: Pick<ReconcileConfig, 'websiteIds' | 'crispTier'>,
): Promise<readonly WebsiteId[]> {
  if (websiteIds.length > 0) return websiteIds;
  if (crispTier === 'website') {
    const hint = 'a token of tier website needs CRISP_WEBSITE_IDS';
    throw new JobError('crisp_rejected', { detail: 'website_unknown', hint });
  }
  const found = new Set<WebsiteId>();
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const { items, hasMore } = await crisp.listWebsites(page);
    const known = found.size;
    for (const item of expectList(items)) {
      const websiteId = parseWebsiteId(isJsonObject(item) ? item.website_id : undefined);
      if (websiteId !== undefined) found.add(websiteId);
    }
    if (!hasMore || found.size === known) break;
  }
  return [...found];
}
