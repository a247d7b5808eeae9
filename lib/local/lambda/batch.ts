import {
  DeleteMessageBatchCommand,
  type Message,
  type MessageAttributeValue,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSMessageAttribute, SQSRecord, SQSRecordAttributes } from 'aws-lambda';
import type { Clock } from '../../clock.ts';
import { isJsonObject } from '../../text.ts';
import { type InstancePool, type InvocationResult, invokeWithDeadline } from './instances.ts';

interface BatchHandlerOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly timeoutSeconds: number;
  readonly functionName?: string;
  readonly clock: Clock;
  readonly pool: InstancePool;
  /** Aborted when nobody waits for invocations any more. */
  readonly cutOff: AbortSignal;
  readonly onEvent: (event: MappingEvent) => void;
}

/** A function that gives a batch to an instance and deletes what succeeded. It never rejects. */
export function createBatchHandler(
  options: BatchHandlerOptions,
): (batch: readonly Message[]) => Promise<void> {
  const { queueArn, timeoutSeconds, functionName = 'consumer', clock, pool, cutOff, onEvent } = options;

  return async function handleBatch(batch) {
    onEvent({ name: 'batch-received', messages: batch.length });
    const startedMs = clock.nowMs();
    const event = toSqsEvent(batch, queueArn);
    await pool
      .run(
        async (invoker) => {
          const result = await invokeWithDeadline(invoker, event, {
            functionName,
            timeoutSeconds,
            clock,
            cutOff,
          });
          const succeeded = selectSucceeded(batch, result, onEvent);
          await deleteMessages(succeeded, options);
          const failed = batch.length - succeeded.length;
          const durationMs = clock.nowMs() - startedMs;
          onEvent({ name: 'batch-finished', messages: batch.length, failed, durationMs });
          return result;
        },
        // Lambda resets an environment whose invocation timed out.
        ({ outcome }) => outcome === 'timed-out' || outcome === 'cut-off',
      )
      .catch((error: unknown) => onEvent({ name: 'invocation-failed', messages: batch.length, error }));
  };
}

function selectSucceeded(
  batch: readonly Message[],
  result: InvocationResult,
  onEvent: (event: MappingEvent) => void,
): readonly Message[] {
  const messages = batch.length;
  switch (result.outcome) {
    case 'timed-out':
      onEvent({ name: 'invocation-timed-out', messages });
      return [];
    case 'cut-off':
      return [];
    case 'threw':
      onEvent({ name: 'invocation-failed', messages, error: result.error });
      return [];
    case 'returned':
      return selectUnreported(batch, result.response, onEvent);
    default:
      return result satisfies never;
  }
}

function selectUnreported(
  batch: readonly Message[],
  response: unknown,
  onEvent: (event: MappingEvent) => void,
): readonly Message[] {
  const result = readBatchResponse(response, new Set(batch.map(({ MessageId = '' }) => MessageId)));
  if (result.outcome === 'reported') {
    return batch.filter(({ MessageId = '' }) => !result.failedIds.has(MessageId));
  }
  onEvent({ name: 'response-invalid', messages: batch.length, reason: result.reason });
  return [];
}

// What could not be deleted is received again: delivery is at least once.
async function deleteMessages(
  messages: readonly Message[],
  { sqs, queueUrl, onEvent }: BatchHandlerOptions,
): Promise<void> {
  if (messages.length === 0) return;
  const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  try {
    const { Failed = [] } = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    if (Failed.length > 0) onEvent({ name: 'delete-failed', messages: Failed.length, error: Failed[0] });
  } catch (error) {
    onEvent({ name: 'delete-failed', messages: messages.length, error });
  }
}

export type MappingState = 'Enabled' | 'Disabling' | 'Disabled' | 'Enabling';

/** What a trigger (mapping or schedule) tells about itself. */
export type MappingEvent =
  | { readonly name: 'batch-received'; readonly messages: number }
  | {
      readonly name: 'batch-finished';
      readonly messages: number;
      readonly failed: number;
      readonly durationMs: number;
    }
  | { readonly name: 'invocation-failed'; readonly messages: number; readonly error: unknown }
  | { readonly name: 'invocation-timed-out'; readonly messages: number }
  | { readonly name: 'response-invalid'; readonly messages: number; readonly reason: InvalidResponse }
  | { readonly name: 'poll-failed'; readonly error: unknown; readonly retryMs: number }
  | { readonly name: 'delete-failed'; readonly messages: number; readonly error: unknown }
  | { readonly name: 'schedule-failed'; readonly error: unknown }
  | { readonly name: 'state-changed'; readonly state: MappingState };

/** Which messages of a batch failed, or that the response is none, which makes the whole batch a failure. */
type BatchResult =
  | { readonly outcome: 'reported'; readonly failedIds: ReadonlySet<string> }
  | { readonly outcome: 'invalid'; readonly reason: InvalidResponse };

type InvalidResponse =
  | 'response-not-serializable'
  | 'response-not-an-object'
  | 'failures-not-a-list'
  | 'identifier-missing'
  | 'identifier-empty'
  | 'identifier-unknown';

const ALL_SUCCEEDED: BatchResult = { outcome: 'reported', failedIds: new Set() };

/**
 * Reads a handler's response as Lambda does with `ReportBatchItemFailures`: nothing, an empty object and an empty or
 * absent list mean that all succeeded; an identifier that is missing, empty, null or not of this batch means that all
 * failed.
 */
export function readBatchResponse(response: unknown, messageIds: ReadonlySet<string>): BatchResult {
  const json = toJson(response);
  if (json === undefined) return invalid('response-not-serializable');
  if (json === null) return ALL_SUCCEEDED;
  if (!isJsonObject(json)) return invalid('response-not-an-object');

  const failures = json.batchItemFailures ?? [];
  if (!Array.isArray(failures)) return invalid('failures-not-a-list');

  const failedIds = new Set<string>();
  for (const failure of failures) {
    const identifier = isJsonObject(failure) ? failure.itemIdentifier : undefined;
    if (typeof identifier !== 'string') return invalid('identifier-missing');
    if (identifier === '') return invalid('identifier-empty');
    if (!messageIds.has(identifier)) return invalid('identifier-unknown');
    failedIds.add(identifier);
  }
  return { outcome: 'reported', failedIds };
}

// The runtime sends the response as JSON; what cannot be written as JSON is an error of the function.
function toJson(response: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(response) ?? 'null');
  } catch {
    return undefined;
  }
}

function invalid(reason: InvalidResponse): BatchResult {
  return { outcome: 'invalid', reason };
}

/** The event that Lambda makes of the messages of one receive. The queue's ARN names the region. */
export function toSqsEvent(messages: readonly Message[], queueArn: string): SQSEvent {
  return { Records: messages.map((message) => toRecord(message, queueArn)) };
}

function toRecord(message: Message, queueArn: string): SQSRecord {
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    // The receive asks for all system attributes, and SQS returns these for every message.
    attributes: { ...message.Attributes } as SQSRecordAttributes,
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [name, toAttribute(value)]),
    ),
    md5OfBody: message.MD5OfBody ?? '',
    ...(message.MD5OfMessageAttributes !== undefined && {
      md5OfMessageAttributes: message.MD5OfMessageAttributes,
    }),
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(':')[3] ?? '',
  };
}

function toAttribute({ StringValue, BinaryValue, DataType }: MessageAttributeValue): SQSMessageAttribute {
  return {
    ...(StringValue !== undefined && { stringValue: StringValue }),
    ...(BinaryValue !== undefined && { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
    stringListValues: [],
    binaryListValues: [],
    dataType: DataType ?? 'String',
  };
}
