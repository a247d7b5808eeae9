import { randomUUID } from 'node:crypto';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { ReceivedDeadLetter } from '../../core/dead-letter/dead-letter.ts';
import { MAX_BATCH_ENTRIES } from '../../core/job/split-batches.ts';
import type { DeadLetterQueue } from '../../ports/dead-letter-queue.ts';
import { toSqsFailure } from './sqs-failure.ts';

// A receive that waits asks all of SQS's servers: one that does not may come back empty from a queue that is not.
const WAIT_SECONDS = 1;

/** A dead-letter queue on SQS. Rejects with `OperationError`. */
export function createSqsDeadLetterQueue(sqs: SQSClient, queueUrl: string): DeadLetterQueue {
  return {
    async receive(visibilitySeconds) {
      const command = new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: MAX_BATCH_ENTRIES,
        VisibilityTimeout: visibilitySeconds,
        WaitTimeSeconds: WAIT_SECONDS,
        MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp', 'MessageGroupId'],
        // The SDK's second try gets the messages of a first one whose answer was lost, and they are not hidden for nobody.
        ...(queueUrl.endsWith('.fifo') && { ReceiveRequestAttemptId: randomUUID() }),
      });
      const { Messages = [] } = await sqs.send(command).catch(toSqsFailure('sqs:ReceiveMessage', queueUrl));
      return Messages.flatMap(toReceived);
    },

    async restore(receiptHandles) {
      for (const batch of toBatches(receiptHandles)) await restoreBatch(batch);
    },

    async delete(receiptHandles) {
      const deleted: boolean[] = [];
      for (const batch of toBatches(receiptHandles)) deleted.push(...(await deleteBatch(batch)));
      return deleted;
    },
  };

  // What `Failed` names is visible already, or gone: either is what was wanted.
  async function restoreBatch(batch: readonly string[]): Promise<void> {
    const Entries = batch.map((ReceiptHandle, index) => ({
      Id: String(index),
      ReceiptHandle,
      VisibilityTimeout: 0,
    }));
    const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries });
    await sqs.send(command).catch(toSqsFailure('sqs:ChangeMessageVisibility', queueUrl));
  }

  async function deleteBatch(batch: readonly string[]): Promise<boolean[]> {
    const Entries = batch.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
    const command = new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries });
    const { Successful = [] } = await sqs.send(command).catch(toSqsFailure('sqs:DeleteMessage', queueUrl));
    const ids = new Set(Successful.map(({ Id }) => Id));
    return Entries.map(({ Id }) => ids.has(Id));
  }
}

function toReceived({ MessageId, ReceiptHandle, Body = '', Attributes = {} }: Message): ReceivedDeadLetter[] {
  if (!MessageId || !ReceiptHandle) return [];
  const sentMs = Number(Attributes.SentTimestamp);
  return [
    {
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      receives: Number(Attributes.ApproximateReceiveCount) || 1,
      sentMs: sentMs > 0 ? sentMs : undefined,
      group: Attributes.MessageGroupId,
    },
  ];
}

function toBatches(receiptHandles: readonly string[]): (readonly string[])[] {
  const count = Math.ceil(receiptHandles.length / MAX_BATCH_ENTRIES);
  return Array.from({ length: count }, (_, index) =>
    receiptHandles.slice(index * MAX_BATCH_ENTRIES, (index + 1) * MAX_BATCH_ENTRIES),
  );
}
