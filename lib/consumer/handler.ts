import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import middy from '@middy/core';
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { type AwsClients, createAwsClients } from '../aws/clients.ts';
import { createBreaker } from '../breaker/breaker.ts';
import { createEventSourceMapping, type EventSourceMapping } from '../breaker/mapping.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { ConsumerConfig } from '../config/config.ts';
import { loadConsumerConfig } from '../config/load.ts';
import { createKnownSecrets, createSecrets, type Secrets } from '../config/secret-reader.ts';
import { startFunction, withoutForeignErrors } from '../config/start-function.ts';
import { fetchConversation } from '../crisp/conversation.ts';
import type { CrispPool } from '../crisp/http.ts';
import { openCountedCrisp } from '../crisp/open-crisp.ts';
import { createPagingTrust } from '../crisp/paging.ts';
import { toThrottleShare } from '../crisp/throttle.ts';
import { BadInvocationError } from '../errors.ts';
import { createDynamoBreakerNotes } from '../ledger/breaker-notes.ts';
import { createDynamoMessageNotes } from '../ledger/message-notes.ts';
import { noteRemoved } from '../ledger/removal-notes.ts';
import { createDynamoRunLog } from '../ledger/runs.ts';
import { createDynamoSessionNotes } from '../ledger/session-notes.ts';
import { createBestEffort } from '../ledger/table.ts';
import { findOnlyWebsite, type ReceivedMessage } from '../queue/job.ts';
import { createSqsJobVisibility } from '../queue/visibility.ts';
import { createAnnounceRecord, createAnnounceRemoval } from '../record/announce.ts';
import { createS3RecordArchive } from '../record/archive.ts';
import { withRecentRecords } from '../record/earlier.ts';
import { createSnsRecordTopic } from '../record/topic.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { createFunctionTelemetry } from '../telemetry/logger.ts';
import { processBatch, toReceivedMessages } from './batch.ts';
import type { ConsumerContext, MessageOutcome } from './context.ts';

/**
 * The consumer of this process's environment. A wrong configuration ends the function at its start: the log names every
 * problem, and the messages stay in the queue.
 */
export function startConsumer() {
  return startFunction(() => {
    const config = loadConsumerConfig();
    return createConsumerHandler(config, { secrets: createSecrets(config.secrets, systemClock) });
  });
}

interface ConsumerOptions {
  readonly secrets: Secrets;
  /** The rest are what local mode and tests put in the place of AWS; `telemetry`, in that of Powertools. */
  readonly clients?: AwsClients;
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  /** In place of connections to Crisp. */
  readonly pool?: CrispPool;
  /** See `ConsumerPolicy`. */
  readonly returnsInFlight?: boolean;
  /** In place of the event source mapping. */
  readonly mapping?: EventSourceMapping;
}

export type ConsumerHandler = ReturnType<typeof createConsumerHandler>;

/**
 * The consumer function: one instance, with a token bucket and connections of its own. It returns exactly the messages
 * that are retained, and throws, so that Lambda returns the whole batch, only where the event is no batch of SQS
 * messages.
 */
export function createConsumerHandler(config: ConsumerConfig, options: ConsumerOptions) {
  const { secrets, redact } = createKnownSecrets(options.secrets);
  const { telemetry, middlewares } = createFunctionTelemetry(options.telemetry, {
    service: 'consumer',
    logLevel: config.logLevel,
    namespace: config.metricsNamespace,
    redact,
  });
  const context = createConsumerContext(config, { ...options, secrets, redact, telemetry });

  const handler = middy(async (event: SQSEvent, lambda: Context) => {
    const messages = readMessages(event, telemetry);
    const outcomes = processBatch(context, messages, {
      deadlineMs: context.clock.nowMs() + lambda.getRemainingTimeInMillis(),
      requestId: lambda.awsRequestId,
    });
    const settle = async ({ messageId }: SQSRecord) => expectAcknowledged((await outcomes).get(messageId));
    // A processor keeps the state of one batch.
    const processor = new BatchProcessor(EventType.SQS);
    const reporting = { context: lambda, throwOnFullBatchFailure: false };
    return processPartialResponse(event, settle, processor, reporting);
  }).use(middlewares);
  return withoutForeignErrors((event: SQSEvent, lambda: Context) => handler(event, lambda));
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

interface KnownOptions extends ConsumerOptions {
  readonly telemetry: Telemetry;
  /** Removes from a text the secrets that were read. */
  readonly redact: (text: string) => string;
}

/** Wires one instance of the consumer to AWS and to Crisp. */
function createConsumerContext(config: ConsumerConfig, options: KnownOptions): ConsumerContext {
  const { secrets, telemetry, redact, pool, returnsInFlight = false } = options;
  const { clock = systemClock, random = Math.random } = options;
  const { clients = createAwsClients(config.sessionsQueueUrl) } = options;
  const { mapping = createEventSourceMapping(config, clock) } = options;

  const ledger = { client: clients.dynamodb, table: config.ledgerTable };
  const archive = withRecentRecords(
    createS3RecordArchive({ client: clients.s3, bucket: config.archiveBucket }),
  );
  const topic = createSnsRecordTopic({ client: clients.sns, topicArn: config.recordsTopicArn });
  const announcing = { archive, topic, telemetry, inlineLimitBytes: config.inlineLimitBytes };
  const pace = toThrottleShare(config);
  const { crisp, quota } = openCountedCrisp(config, {
    ...{ pace, ledger, secrets, clock, telemetry, random, pool },
  });
  const fetching = {
    ...{ crisp, clock, telemetry, include: config.include, maxPages: config.maxPages },
    maxConversationBytes: config.maxConversationBytes,
    pagingTrust: createPagingTrust(),
    profileCacheSeconds: config.profileCacheSeconds,
  };

  return {
    clock,
    telemetry,
    // A message of another producer may leave out the website where there is only one.
    decoding: { coalesce: config.coalesce, onlyWebsiteId: findOnlyWebsite(config.websiteIds) },
    policy: {
      retryBaseSeconds: config.retryBaseSeconds,
      maxAttempts: config.maxAttempts,
      maxWaitSeconds: config.maxWaitSeconds,
      random,
      returnsInFlight,
    },
    crisp,
    fetchConversation: (session, options) => fetchConversation(fetching, session, options),
    archive,
    announceRecord: createAnnounceRecord(announcing),
    announceRemoval: createAnnounceRemoval(announcing),
    visibility: createSqsJobVisibility(clients.sqs, config.sessionsQueueUrl),
    breaker: createBreaker({
      notes: createDynamoBreakerNotes(ledger),
      mapping,
      crisp,
      clock,
      telemetry,
    }),
    notes: createDynamoMessageNotes({ ...ledger, redact }),
    sessions: createDynamoSessionNotes(ledger),
    runLog: createDynamoRunLog({ ...ledger, redact }),
    noteRemoved: (removed) => noteRemoved(ledger, removed),
    quota,
    bestEffort: createBestEffort(telemetry),
  };
}
