import middy from '@middy/core';
import type { Context, LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { type AwsClients, createAwsClients } from '../aws/clients.ts';
import { createSqsQueueReader, mapStageQueues, readQueues, toQueueName } from '../aws/queues.ts';
import { createEventSourceMapping, type EventSourceMapping } from '../breaker/mapping.ts';
import { readBreaker } from '../breaker/pause.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { ApiConfig } from '../config/config.ts';
import { loadApiConfig } from '../config/load.ts';
import { createKnownSecrets, createSecrets, type Secrets } from '../config/secret-reader.ts';
import { startFunction, withoutForeignErrors } from '../config/start-function.ts';
import { fetchConversation } from '../crisp/conversation.ts';
import type { CrispPool } from '../crisp/http.ts';
import { openCountedCrisp } from '../crisp/open-crisp.ts';
import { createPagingTrust } from '../crisp/paging.ts';
import { toThrottleShare } from '../crisp/throttle.ts';
import { createSqsMoveTasks } from '../dead-letters/move-tasks.ts';
import { createSqsDeadLetterQueue } from '../dead-letters/queue.ts';
import { createDynamoBreakerNotes } from '../ledger/breaker-notes.ts';
import { createDynamoFailureNotes } from '../ledger/failure-notes.ts';
import { createDynamoIdempotencyNotes } from '../ledger/idempotency.ts';
import { createDynamoLookNotes, createDynamoRedriveNotes } from '../ledger/message-notes.ts';
import { createDynamoRunHistory } from '../ledger/runs.ts';
import { createBestEffort } from '../ledger/table.ts';
import { listKnownWebsites } from '../operate/sessions.ts';
import { findOnlyWebsite } from '../queue/job.ts';
import { createEnqueueSessions, createSqsSessionBatches } from '../queue/sessions-queue.ts';
import { createS3RecordArchive } from '../record/archive.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { createFunctionTelemetry } from '../telemetry/logger.ts';
import { createApi } from './app.ts';
import type { ApiContext, ApiRequest } from './context.ts';
import type { ApiAnswer } from './conversation.ts';

/** The API of this process's environment; a wrong configuration ends the function at its start, and says why. */
export function startApi() {
  return startFunction(() => {
    const config = loadApiConfig();
    return createApiHandler(config, { secrets: createSecrets(config.secrets, systemClock) });
  });
}

interface ApiOptions {
  readonly secrets: Secrets;
  /** The rest are what local mode and tests put in the place of AWS; `telemetry`, in that of Powertools. */
  readonly clients?: AwsClients;
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
  /** In place of connections to Crisp. */
  readonly pool?: CrispPool;
  /** In place of the consumer's own. */
  readonly mapping?: EventSourceMapping;
}

/** The API function: one instance, with a token bucket and connections of its own. It answers every request itself. */
export function createApiHandler(config: ApiConfig, options: ApiOptions) {
  const { secrets, redact } = createKnownSecrets(options.secrets);
  const { telemetry, middlewares } = createFunctionTelemetry(options.telemetry, {
    service: 'api',
    logLevel: config.logLevel,
    namespace: config.metricsNamespace,
    redact,
  });
  const answer = createApi(createApiContext(config, { ...options, secrets, telemetry }));

  const handler = middy(async (event: LambdaFunctionURLEvent): Promise<LambdaFunctionURLResult> => {
    return toResult(await answer(toApiRequest(event)));
  }).use(middlewares);
  return withoutForeignErrors((event: LambdaFunctionURLEvent, lambda: Context) => handler(event, lambda));
}

function toApiRequest(event: LambdaFunctionURLEvent): ApiRequest {
  const { rawPath, rawQueryString, headers, body = '', isBase64Encoded, requestContext } = event;
  return {
    method: requestContext.http.method,
    path: rawPath,
    query: rawQueryString,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
    requestId: requestContext.requestId,
  };
}

function toResult({ status, body, headers = {} }: ApiAnswer): LambdaFunctionURLResult {
  return { statusCode: status, headers, body };
}

interface KnownOptions extends ApiOptions {
  readonly telemetry: Telemetry;
}

/** Wires one instance of the API to AWS and to Crisp. */
function createApiContext(config: ApiConfig, options: KnownOptions): ApiContext {
  const { secrets, telemetry, pool, clock = systemClock } = options;
  const { clients = createAwsClients(config.sessionsQueueUrl) } = options;
  const { mapping = createEventSourceMapping(config, clock) } = options;
  const { sqs, s3, dynamodb } = clients;

  const ledger = { client: dynamodb, table: config.ledgerTable };
  // They are named by their stage, beside each other: one URL tells them all.
  const queues = mapStageQueues((name) =>
    config.sessionsQueueUrl.replace(/[^/]+$/, toQueueName(config.stage, name)),
  );
  const deadLetterUrl = queues['sessions-dlq'];
  const breakerNotes = createDynamoBreakerNotes(ledger);
  const pace = toThrottleShare(config);
  const { crisp, quotaNotes } = openCountedCrisp(config, { pace, ledger, secrets, clock, telemetry, pool });
  const fetching = {
    ...{ crisp, clock, telemetry, maxPages: config.maxPages },
    maxConversationBytes: config.maxConversationBytes,
    pagingTrust: createPagingTrust(),
    // Whoever asks now gets the profile of now.
    profileCacheSeconds: 0,
  };

  return {
    config,
    secrets,
    fetchConversation: (session, { include, signal }) =>
      fetchConversation({ ...fetching, include }, session, { signal }),
    archive: createS3RecordArchive({ client: s3, bucket: config.archiveBucket }),
    listKnownWebsites: () => listKnownWebsites(s3, config.archiveBucket),
    deadLetters: {
      queue: createSqsDeadLetterQueue(sqs, deadLetterUrl),
      queueReader: createSqsQueueReader(sqs, deadLetterUrl),
      queues: { sourceUrl: deadLetterUrl, destinationUrl: queues.sessions },
      moveTasks: createSqsMoveTasks(sqs, deadLetterUrl),
      enqueue: createEnqueueSessions({
        batches: createSqsSessionBatches({ sqs, queueUrl: queues.sessions, clock }),
        coalesce: config.coalesce,
        clock,
      }),
      failureNotes: createDynamoFailureNotes({ ...ledger, clock }),
      runHistory: createDynamoRunHistory(ledger),
      redriveNotes: createDynamoRedriveNotes(ledger),
      lookNotes: createDynamoLookNotes(ledger),
      quota: quotaNotes,
      onlyWebsiteId: findOnlyWebsite(config.websiteIds),
      clock,
    },
    readQueues: () => readQueues((name) => createSqsQueueReader(sqs, queues[name])),
    breakerNotes,
    readBreaker: () => readBreaker({ notes: breakerNotes, mapping }),
    idempotency: createDynamoIdempotencyNotes(ledger),
    bestEffort: createBestEffort(telemetry),
    clock,
    telemetry,
  };
}
