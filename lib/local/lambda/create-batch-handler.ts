import { DeleteMessageBatchCommand, type Message, type SQSClient } from '@aws-sdk/client-sqs';
import type { Clock } from '../../ports/clock.ts';
import type { InstancePool } from './instance-pool.ts';
import { type InvocationResult, invokeWithDeadline } from './invoke-with-deadline.ts';
import type { MappingEvent } from './mapping-event.ts';
import { readBatchResponse } from './read-batch-response.ts';
import { toSqsEvent } from './to-sqs-event.ts';

export interface BatchHandlerOptions {
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
