import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import middy from '@middy/core';
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { type AwsClients, createAwsClients } from '../aws/clients.ts';
import { type Breaker, createBreaker } from '../breaker/breaker.ts';
import { type ConsumerSwitch, createConsumerSwitch } from '../breaker/mapping.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { ConsumerConfig } from '../config/config.ts';
import { loadConsumerConfig } from '../config/load.ts';
import { createKnownSecrets, createSecrets, type Secrets } from '../config/secret-reader.ts';
import { startFunction, withoutForeignErrors } from '../config/start-function.ts';
import { type CrispApi, createCrispApi } from '../crisp/client.ts';
import { createFetchConversation } from '../crisp/conversation.ts';
import type { CrispPool } from '../crisp/http.ts';
import { createPagingTrust } from '../crisp/paging.ts';
import { createThrottle, toThrottleShare } from '../crisp/throttle.ts';
import { BadInvocationError } from '../errors.ts';
import { createDynamoBreakerNotes } from '../ledger/breaker-notes.ts';
import { createDynamoMessageNotes, type MessageNotes } from '../ledger/message-notes.ts';
import { createDynamoRunLog } from '../ledger/runs.ts';
import { type BestEffort, createBestEffort } from '../ledger/table.ts';
import { decodeJob, findOnlyWebsite, type ReceivedMessage } from '../queue/job.ts';
import { createAnnounceRecord, createAnnounceRemoval } from '../record/announce.ts';
import { createS3RecordArchive } from '../record/archive.ts';
import { createSnsRecordTopic } from '../record/topic.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { createPowertoolsTelemetry, createSafeTelemetry } from '../telemetry/logger.ts';
import { createProcessBatch, createProcessUnit, type ProcessBatch, toReceivedMessages } from './batch.ts';
import { createRefreshSession, createRefreshUnit, type RefreshSession } from './refresh.ts';
import { createConfirmRemoval } from './removal.ts';
import type { RetryPolicy } from './retry.ts';
import {
  createDeferMessage,
  createDeleteMessage,
  createHandleFailure,
  createHideMessage,
  createLeaseBatch,
  createRetainFinal,
  createRetainUnreadable,
  createSqsJobVisibility,
} from './settle.ts';
import { createRecallFailure, createRecordRuns, type MessageOutcome } from './unit.ts';

/**
 * The consumer of this process's environment. A wrong configuration ends the function at its start: the log names every
 * problem, and the messages stay in the queue.
 */
export function startConsumer() {
  return startFunction(() => {
    const config = loadConsumerConfig();
    return createConsumerHandler(config, {
      secrets: createSecrets(config.secrets, systemClock),
      consumerSwitch: createConsumerSwitch(config, systemClock),
    });
  });
}

interface ConsumerHandlerDependencies {
  readonly secrets: Secrets;
  /** The rest are what local mode and tests put in the place of AWS; `telemetry`, in that of Powertools. */
  readonly clients?: AwsClients;
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  /** In place of connections to Crisp. */
  readonly pool?: CrispPool;
  /** See `createConsumer`. */
  readonly returnsInFlight?: boolean;
  /** In place of the event source mapping. */
  readonly consumerSwitch?: ConsumerSwitch;
}

export type ConsumerHandler = ReturnType<typeof createConsumerHandler>;

/**
 * The consumer function: one instance, with a token bucket and connections of its own. It returns exactly the messages
 * that are retained, and throws, so that Lambda returns the whole batch, only where the event is no batch of SQS
 * messages.
 */
export function createConsumerHandler(config: ConsumerConfig, dependencies: ConsumerHandlerDependencies) {
  const { clock = systemClock, random = Math.random } = dependencies;
  const { clients = createAwsClients(config.sessionsQueueUrl) } = dependencies;
  const { secrets, redact } = createKnownSecrets(dependencies.secrets);
  const { telemetry, middlewares } = dependencies.telemetry
    ? { telemetry: createSafeTelemetry(dependencies.telemetry, redact), middlewares: [] }
    : createPowertoolsTelemetry({
        service: 'consumer',
        logLevel: config.logLevel,
        namespace: config.metricsNamespace,
        redact,
      });
  const { pool, returnsInFlight, consumerSwitch = createConsumerSwitch(config, clock) } = dependencies;
  const processBatch = createConsumer(config, {
    secrets,
    clock,
    clients,
    random,
    telemetry,
    consumerSwitch,
    pool,
    returnsInFlight,
    redact,
  });

  const handler = middy(async (event: SQSEvent, context: Context) => {
    const messages = readMessages(event, telemetry);
    const outcomes = processBatch(messages, {
      deadlineMs: clock.nowMs() + context.getRemainingTimeInMillis(),
      requestId: context.awsRequestId,
    });
    const settle = async ({ messageId }: SQSRecord) => expectAcknowledged((await outcomes).get(messageId));
    // A processor keeps the state of one batch.
    const processor = new BatchProcessor(EventType.SQS);
    return processPartialResponse(event, settle, processor, { context, throwOnFullBatchFailure: false });
  }).use(middlewares);
  return withoutForeignErrors((event: SQSEvent, context: Context) => handler(event, context));
}

function readMessages(event: SQSEvent, telemetry: Telemetry): ReceivedMessage[] {
  try {
    return toReceivedMessages(event);
  } catch (error) {
    if (error instanceof BadInvocationError) {
      telemetry.emit({ name: 'bad-record', code: error.code, detail: error.message });
    }
    throw error;
  }
}

/** Powertools reports as failed the records whose handler throws. */
function expectAcknowledged(outcome: MessageOutcome | undefined): void {
  if (outcome?.outcome !== 'acknowledged') throw new Error(outcome?.reason ?? 'no outcome');
}

interface ConsumerDependencies {
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
function createConsumer(config: ConsumerConfig, dependencies: ConsumerDependencies): ProcessBatch {
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

interface RefreshDependencies {
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
function createRefresh(config: ConsumerConfig, dependencies: RefreshDependencies): RefreshSession {
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
