import type { SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import type { Context, LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { type Clock, systemClock } from '../clock.ts';
import type { WebhookConfig } from '../config/config.ts';
import { loadWebhookConfig } from '../config/load.ts';
import { createKnownSecrets, createSecrets, type Secrets } from '../config/secret-reader.ts';
import { startFunction, withoutForeignErrors } from '../config/start-function.ts';
import { ConfigError } from '../errors.ts';
import { notePersonChanged } from '../ledger/people-notes.ts';
import { createDynamoSentNotes, type SentNotes } from '../ledger/session-notes.ts';
import { createItemUpdate, type UpdateItem } from '../ledger/update-item.ts';
import { createSqsSessionQueue, createWebhookSqsClient } from '../queue/sessions-queue.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { createFunctionTelemetry, createPowertoolsTelemetry } from '../telemetry/logger.ts';
import { acceptHook, PERSON_DEADLINE_MS, type WebhookContext } from './accept.ts';
import type { HookDelivery } from './event.ts';
import { HookRefusedError, toHookRefusal } from './refusal.ts';
import type { AcceptedHook } from './triggers.ts';

/** The webhook of this process's environment; with a wrong configuration, one that says so to every delivery. */
export function startWebhook() {
  return startFunction(() => {
    try {
      const config = loadWebhookConfig();
      return createWebhookHandler(config, { secrets: createSecrets(config.secrets, systemClock) });
    } catch (error) {
      if (error instanceof ConfigError) return createUnavailableHandler(error);
      throw error;
    }
  });
}

/**
 * The webhook of a function whose configuration is wrong: every delivery gets 503 `config_unavailable` and may come
 * again, and the log says each time which variable to correct. A crash would say less, to Crisp and to people.
 */
function createUnavailableHandler({ problems }: ConfigError) {
  const { telemetry, middlewares } = createPowertoolsTelemetry({
    service: 'webhook',
    logLevel: 'info',
    namespace: 'crisp-enrich',
  });
  const detail = problems.map((p) => `${p.variable}: ${p.message} [${p.code}]`).join('; ');
  const refusal = new HookRefusedError('config_unavailable', detail);

  const handler = middy(async (event: LambdaFunctionURLEvent): Promise<FunctionUrlResponse> => {
    const { code, status } = refusal;
    telemetry.emit({ name: 'hook-refused', code, status, detail });
    return toRefusedResponse(refusal, event.requestContext?.requestId ?? '');
  }).use(middlewares);
  return withoutForeignErrors((event: LambdaFunctionURLEvent, context: Context) => handler(event, context));
}

interface WebhookDependencies {
  readonly secrets: Secrets;
  /** The rest are what local mode and tests put in the place of AWS; `telemetry`, in that of Powertools. */
  readonly sqs?: SQSClient;
  readonly sessions?: SentNotes;
  readonly updateItem?: UpdateItem;
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
}

/** The webhook function. It answers every request itself, defects included, and never throws. */
export function createWebhookHandler(config: WebhookConfig, dependencies: WebhookDependencies) {
  const { clock = systemClock, sqs = createWebhookSqsClient() } = dependencies;
  const table = config.ledgerTable;
  const { sessions = createDynamoSentNotes({ update: createItemUpdate(), table }) } = dependencies;
  const { updateItem = createItemUpdate(process.env, PERSON_DEADLINE_MS) } = dependencies;
  const { secrets, redact } = createKnownSecrets(dependencies.secrets);
  const { telemetry, middlewares } = createFunctionTelemetry(dependencies.telemetry, {
    service: 'webhook',
    logLevel: config.logLevel,
    namespace: config.metricsNamespace,
    redact,
    clock,
  });
  const context: WebhookContext = {
    config,
    secrets,
    queue: createSqsSessionQueue(sqs, config.sessionsQueueUrl),
    sessions,
    notePersonChanged: (person, nowMs) => notePersonChanged({ update: updateItem, table }, person, nowMs),
    clock,
    telemetry,
  };

  const handler = middy(async (event: LambdaFunctionURLEvent): Promise<FunctionUrlResponse> => {
    try {
      return toAcceptedResponse(await acceptHook(toHookDelivery(event), context));
    } catch (thrown) {
      const refusal = toHookRefusal(thrown);
      const { code, status, detail } = refusal;
      telemetry.emit({ name: 'hook-refused', code, status, ...(detail !== undefined && { detail }) });
      return toRefusedResponse(refusal, event.requestContext?.requestId ?? '');
    }
  }).use(middlewares);
  return withoutForeignErrors((event: LambdaFunctionURLEvent, lambda: Context) => handler(event, lambda));
}

/** The structured form of a Function URL's response. */
type FunctionUrlResponse = Exclude<LambdaFunctionURLResult, string>;

const RETRY_AFTER_SECONDS = 5;

export function toHookDelivery(event: LambdaFunctionURLEvent): HookDelivery {
  return {
    method: event.requestContext.http.method,
    path: event.rawPath,
    query: event.rawQueryString,
    headers: toLowerCaseNames(event.headers),
    body: event.body ?? '',
    isBase64: event.isBase64Encoded,
  };
}

const HAS_CAPITALS = /[A-Z]/;

/** Function URLs send names in lower case; two spellings of one name would be a header that was sent twice. */
function toLowerCaseNames(headers: LambdaFunctionURLEvent['headers']): HookDelivery['headers'] {
  // Nearly always all of them are.
  if (!Object.keys(headers).some((name) => HAS_CAPITALS.test(name))) return headers;
  const lowered = new Map<string, string>();
  for (const [name, value = ''] of Object.entries(headers)) {
    const key = name.toLowerCase();
    const earlier = lowered.get(key);
    lowered.set(key, earlier === undefined ? value : `${earlier},${value}`);
  }
  return Object.fromEntries(lowered);
}

/** 202 for what is in the queue, with the message's id, or in the ledger; 200 for what is genuine and of no interest. */
export function toAcceptedResponse(accepted: AcceptedHook): FunctionUrlResponse {
  switch (accepted.outcome) {
    case 'queued':
      return toJson(202, { status: 'queued', message_id: accepted.messageId });
    case 'noted':
      return toJson(202, { status: 'noted' });
    case 'ignored':
      return toJson(200, { status: 'ignored', code: accepted.code });
    default:
      return accepted satisfies never;
  }
}

/** The code alone: what is wrong in detail stays in the log, under the request's id. */
export function toRefusedResponse(
  { code, status }: HookRefusedError,
  requestId: string,
): FunctionUrlResponse {
  const headers = {
    ...(status === 405 && { allow: 'POST' }),
    ...(status === 503 && { 'retry-after': String(RETRY_AFTER_SECONDS) }),
  };
  return toJson(status, { error: code, request_id: requestId }, headers);
}

function toJson(statusCode: number, body: object, headers: Record<string, string> = {}): FunctionUrlResponse {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}
