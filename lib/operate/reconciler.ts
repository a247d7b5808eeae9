import type { AwsClients } from '../aws/clients.ts';
import { createSqsQueueReader } from '../aws/queues.ts';
import type { Clock } from '../clock.ts';
import type { ReconcileConfig } from '../config/config.ts';
import type { Secrets } from '../config/secret-reader.ts';
import type { CrispApi, CrispClient } from '../crisp/client.ts';
import { expectList } from '../crisp/fields.ts';
import type { CrispPool } from '../crisp/http.ts';
import { type CountedCrispConfig, openCountedCrisp } from '../crisp/open-crisp.ts';
import { JobError } from '../errors.ts';
import { parseWebsiteId, type WebsiteId } from '../ids.ts';
import { createDynamoRunHistory } from '../ledger/runs.ts';
import { createDynamoSweepNotes } from '../ledger/sweep-notes.ts';
import { createBestEffort } from '../ledger/table.ts';
import { createEnqueueSessions, createSqsSessionBatches } from '../queue/sessions-queue.ts';
import { createS3RecordArchive } from '../record/archive.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { isJsonObject } from '../text.ts';
import { toFetchesPerSecond } from './enqueue-step.ts';
import type { PeopleContext } from './people.ts';
import type { ReconcileContext } from './reconcile.ts';

/** What reconciles a stage, and the websites that it has. */
export interface Reconciler {
  readonly context: ReconcileContext & PeopleContext;
  /** At the share of the rate that is kept for its lists. */
  readonly crisp: CrispApi;
  /** Those that are configured, or all that the token may read. */
  readonly listWebsites: () => Promise<readonly WebsiteId[]>;
  /** Requests to Crisp until now. */
  readonly countCalls: () => number;
  readonly close: () => Promise<void>;
}

interface ReconcilerDependencies {
  readonly secrets: Secrets;
  readonly clients: Pick<AwsClients, 'sqs' | 's3' | 'dynamodb'>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly pool?: CrispPool | undefined;
}

/** Of the configuration, what a reconciler needs. */
type ReconcilerConfig = CountedCrispConfig &
  Pick<
    ReconcileConfig,
    'websiteIds' | 'coalesce' | 'requestsPerSecond' | 'sessionsQueueUrl' | 'archiveBucket' | 'ledgerTable'
  >;

export function createReconciler(config: ReconcilerConfig, dependencies: ReconcilerDependencies): Reconciler {
  const { secrets, clients, clock, telemetry, pool } = dependencies;
  const ledger = { client: clients.dynamodb, table: config.ledgerTable };
  const pace = { ratePerSecond: config.requestsPerSecond * LIST_SHARE, burst: 1 };
  const { crisp, quota, quotaNotes } = openCountedCrisp(config, {
    ...{ pace, ledger, secrets, clock, telemetry, pool },
  });
  const batches = createSqsSessionBatches({ sqs: clients.sqs, queueUrl: config.sessionsQueueUrl, clock });
  return {
    crisp,
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
      ledger,
    },
    listWebsites: () => listWebsites(crisp, config),
    countCalls: () => quota.taken,
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
