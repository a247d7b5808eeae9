import { createCrispApi } from '../adapters/crisp/create-crisp-api.ts';
import type { CrispPool } from '../adapters/crisp/crisp-http.ts';
import { createThrottle } from '../adapters/crisp/throttle.ts';
import { createDynamoBreakerNotes } from '../adapters/ledger/dynamo-breaker-notes.ts';
import { createDynamoMessageNotes } from '../adapters/ledger/dynamo-message-notes.ts';
import { createDynamoRunLog } from '../adapters/ledger/dynamo-run-log.ts';
import { createSqsJobVisibility } from '../adapters/sqs/sqs-job-visibility.ts';
import type { ConsumerConfig } from '../core/config/config.ts';
import { toThrottleShare } from '../core/crisp/throttle-share.ts';
import { decodeJob, findOnlyWebsite } from '../core/job/decode-job.ts';
import type { ReceivedMessage } from '../core/job/received-message.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConsumerSwitch } from '../ports/consumer-switch.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { createBestEffort } from '../use-cases/best-effort.ts';
import { createBreaker } from '../use-cases/breaker/create-breaker.ts';
import { createDeferMessage } from '../use-cases/consume/defer-message.ts';
import { createHandleFailure } from '../use-cases/consume/handle-failure.ts';
import { createDeleteMessage, createHideMessage } from '../use-cases/consume/hide-message.ts';
import { createProcessBatch, type ProcessBatch } from '../use-cases/consume/process-batch.ts';
import { createProcessUnit } from '../use-cases/consume/process-unit.ts';
import { createRecallFailure } from '../use-cases/consume/recall-failure.ts';
import { createRecordRuns } from '../use-cases/consume/record-runs.ts';
import { createRefreshUnit } from '../use-cases/consume/refresh-unit.ts';
import { createRetainFinal } from '../use-cases/consume/retain-final.ts';
import { createRetainUnreadable } from '../use-cases/consume/retain-unreadable.ts';
import { createLeaseBatch } from '../use-cases/consume/spread-unit.ts';
import type { AwsClients } from './aws-clients.ts';
import { createRefresh } from './create-refresh.ts';

export interface ConsumerDependencies {
  readonly clients: AwsClients;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly telemetry: Telemetry;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly consumerSwitch: ConsumerSwitch;
  /**
   * True where the queue ends with this process and returns what was in flight when both start again: the sessions of a
   * batch are then not hidden beyond it.
   */
  readonly returnsInFlight?: boolean | undefined;
  /** In place of connections to Crisp. */
  readonly pool?: CrispPool | undefined;
  /** Takes out of a text the secrets that were read. */
  readonly redact: (text: string) => string;
}

/** Wires one instance of the consumer: its own token bucket, its own connections to Crisp, its own view of the breaker. */
export function createConsumer(config: ConsumerConfig, dependencies: ConsumerDependencies): ProcessBatch {
  const { clients, clock, telemetry, random, consumerSwitch, redact } = dependencies;
  const crisp = createCrisp(config, dependencies);
  const ledger = { client: clients.dynamodb, table: config.ledgerTable };
  const policy = { retryBaseSeconds: config.retryBaseSeconds, random };
  const visibility = createSqsJobVisibility(clients.sqs, config.sessionsQueueUrl);
  const hideMessage = createHideMessage(visibility, telemetry);
  const shared = {
    clients,
    clock,
    telemetry,
    random,
    crisp,
    policy,
    hideMessage,
    notes: createDynamoMessageNotes({ ...ledger, redact }),
    bestEffort: createBestEffort(telemetry),
    breaker: createBreaker({
      notes: createDynamoBreakerNotes(ledger),
      consumerSwitch,
      crisp,
      clock,
      telemetry,
    }),
    deferMessage: createDeferMessage(hideMessage, telemetry),
    retainFinal: createRetainFinal(hideMessage),
    deleteMessage: createDeleteMessage(visibility, telemetry),
  };
  const settling = {
    ...shared,
    recallFailure: createRecallFailure(shared),
    recordRuns: createRecordRuns({ ...shared, runLog: createDynamoRunLog({ ...ledger, redact }) }),
    handleFailure: createHandleFailure({ ...shared, maxAttempts: config.maxAttempts }),
  };
  const refreshUnit = createRefreshUnit({ ...settling, refreshSession: createRefresh(config, shared) });

  return createProcessBatch({
    decode: createDecode(config),
    leaseBatch: dependencies.returnsInFlight ? async () => {} : createLeaseBatch(shared),
    processUnit: createProcessUnit({ ...settling, refreshUnit }),
    retainUnreadable: createRetainUnreadable(settling),
    telemetry,
  });
}

function createCrisp(config: ConsumerConfig, { clock, secrets, telemetry, pool }: ConsumerDependencies) {
  return createCrispApi({
    baseUrl: config.crispApiUrl,
    tier: config.crispTier,
    maxResponseBytes: config.maxResponseBytes,
    throttle: createThrottle({ ...toThrottleShare(config.requestsPerSecond, config.instances), clock }),
    secrets,
    clock,
    telemetry,
    ...(pool && { pool }),
  });
}

/** A message of another producer may leave out the website where there is only one. */
function createDecode({ coalesce, websiteIds }: ConsumerConfig) {
  const onlyWebsiteId = findOnlyWebsite(websiteIds);
  return ({ body, sentMs, deduplicationId }: ReceivedMessage) =>
    decodeJob(body, { coalesce, onlyWebsiteId, sentMs, deduplicationId });
}
