import { createS3RecordArchive } from '../adapters/s3-record-archive.ts';
import { createSnsRecordTopic } from '../adapters/sns-record-topic.ts';
import type { ConsumerConfig } from '../core/config/config.ts';
import { createPagingTrust } from '../core/crisp/paging-trust.ts';
import type { RetryPolicy } from '../core/retry/decide-failure.ts';
import type { Clock } from '../ports/clock.ts';
import type { CrispApi } from '../ports/crisp-api.ts';
import type { MessageNotes } from '../ports/message-notes.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { createAnnounceRecord } from '../use-cases/announce/announce-record.ts';
import { createAnnounceRemoval } from '../use-cases/announce/announce-removal.ts';
import type { BestEffort } from '../use-cases/best-effort.ts';
import type { Breaker } from '../use-cases/breaker/breaker.ts';
import { createConfirmRemoval } from '../use-cases/consume/confirm-removal.ts';
import { createRefreshSession, type RefreshSession } from '../use-cases/consume/refresh-session.ts';
import { createFetchConversation } from '../use-cases/fetch/fetch-conversation.ts';
import type { AwsClients } from './aws-clients.ts';

export interface RefreshDependencies {
  readonly clients: Pick<AwsClients, 's3' | 'sns'>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly crisp: CrispApi;
  readonly notes: MessageNotes;
  readonly bestEffort: BestEffort;
  readonly breaker: Breaker;
  readonly policy: RetryPolicy;
}

/** Wires what happens to one session: fetch, archive, announce. */
export function createRefresh(config: ConsumerConfig, dependencies: RefreshDependencies): RefreshSession {
  const { clients, clock, telemetry, crisp } = dependencies;
  const archive = createS3RecordArchive({ client: clients.s3, bucket: config.archiveBucket });
  const topic = createSnsRecordTopic({ client: clients.sns, topicArn: config.recordsTopicArn });
  const announcing = { archive, topic, telemetry, inlineLimitBytes: config.inlineLimitBytes };
  const { include, maxPages } = config;

  return createRefreshSession({
    ...dependencies,
    archive,
    fetchConversation: createFetchConversation({
      crisp,
      clock,
      telemetry,
      include,
      maxPages,
      pagingTrust: createPagingTrust(),
    }),
    announceRecord: createAnnounceRecord(announcing),
    confirmRemoval: createConfirmRemoval({
      ...dependencies,
      announceRemoval: createAnnounceRemoval(announcing),
    }),
  });
}
