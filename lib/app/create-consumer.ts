import { createCrispApi } from '../adapters/crisp/create-crisp-api.ts';
import { createThrottle } from '../adapters/crisp/throttle.ts';
import { createDynamoMessageNotes } from '../adapters/dynamo-message-notes.ts';
import { createS3RecordArchive } from '../adapters/s3-record-archive.ts';
import { createSnsRecordTopic } from '../adapters/sns-record-topic.ts';
import { createSqsJobVisibility } from '../adapters/sqs-job-visibility.ts';
import type { ConsumerConfig } from '../core/config/config.ts';
import { createPagingTrust } from '../core/crisp/paging-trust.ts';
import { toThrottleShare } from '../core/crisp/throttle-share.ts';
import { decodeJob } from '../core/job/decode-job.ts';
import type { Clock } from '../ports/clock.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { createAnnounceRecord } from '../use-cases/announce-record.ts';
import { createAnnounceRemoval } from '../use-cases/announce-removal.ts';
import { createBestEffort } from '../use-cases/best-effort.ts';
import { createConfirmRemoval } from '../use-cases/confirm-removal.ts';
import { createFetchConversation } from '../use-cases/fetch-conversation.ts';
import { createHideMessage } from '../use-cases/hide-message.ts';
import { createProcessBatch, type ProcessBatch } from '../use-cases/process-batch.ts';
import { createProcessUnit } from '../use-cases/process-unit.ts';
import { createRefreshSession } from '../use-cases/refresh-session.ts';
import { createRetainFailed } from '../use-cases/retain-failed.ts';
import { createVerdicts } from '../use-cases/verdicts.ts';
import type { AwsClients } from './aws-clients.ts';

export interface ConsumerDependencies {
  readonly clients: AwsClients;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly telemetry: Telemetry;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Wires one instance of the consumer: its own token bucket, its own connections to Crisp. */
export function createConsumer(config: ConsumerConfig, dependencies: ConsumerDependencies): ProcessBatch {
  const { clients, clock, telemetry, random } = dependencies;
  const crisp = createCrisp(config, dependencies);
  const archive = createS3RecordArchive({ client: clients.s3, bucket: config.archiveBucket });
  const topic = createSnsRecordTopic({ client: clients.sns, topicArn: config.recordsTopicArn });
  const notes = createDynamoMessageNotes({ client: clients.dynamodb, table: config.ledgerTable });
  const bestEffort = createBestEffort(telemetry);

  const announcing = { archive, topic, telemetry, inlineLimitBytes: config.inlineLimitBytes };
  const announceRemoval = createAnnounceRemoval(announcing);
  const refreshSession = createRefreshSession({
    clock,
    archive,
    notes,
    bestEffort,
    fetchConversation: createFetchConversation({
      crisp,
      clock,
      telemetry,
      include: config.include,
      maxPages: config.maxPages,
      pagingTrust: createPagingTrust(),
    }),
    announceRecord: createAnnounceRecord(announcing),
    confirmRemoval: createConfirmRemoval({ clock, crisp, notes, bestEffort, announceRemoval, telemetry }),
  });

  const hideMessage = createHideMessage(
    createSqsJobVisibility(clients.sqs, config.sessionsQueueUrl),
    telemetry,
  );
  const policy = { retryBaseSeconds: config.retryBaseSeconds, random };
  const retainFailed = createRetainFailed({ hideMessage, policy, telemetry });
  const verdicts = createVerdicts({ notes, bestEffort, clock });
  const processUnit = createProcessUnit({
    clock,
    refreshSession,
    hideMessage,
    retainFailed,
    verdicts,
    telemetry,
  });
  return createProcessBatch({ decode: createDecode(config), processUnit, retainFailed, telemetry });
}

function createCrisp(config: ConsumerConfig, { clock, secrets, telemetry }: ConsumerDependencies) {
  return createCrispApi({
    baseUrl: config.crispApiUrl,
    tier: config.crispTier,
    maxResponseBytes: config.maxResponseBytes,
    throttle: createThrottle({ ...toThrottleShare(config.requestsPerSecond, config.instances), clock }),
    secrets,
    clock,
    telemetry,
  });
}

/** A message of another producer may leave out the website where there is only one. */
function createDecode({ coalesce, websiteIds }: ConsumerConfig) {
  const [onlyWebsiteId] = websiteIds.length === 1 ? websiteIds : [];
  return ({ body, sentMs }: { body: string; sentMs: number | undefined }) =>
    decodeJob(body, { coalesce, onlyWebsiteId, sentMs });
}
