import { randomUUID } from 'node:crypto';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { toSqsFailure } from '../aws/failures.ts';
import { MAX_BATCH_ENTRIES } from '../queue/coalesce.ts';
import type { ReceivedDeadLetter } from './dead-letter.ts';

/** A dead-letter queue as a person looks at it. Nothing here can put a message into one: only SQS does. */
export interface DeadLetterQueue {
  /** Up to ten messages, hidden from everybody else for that long; empty where none can be had. */
  receive(visibilitySeconds: number): Promise<readonly ReceivedDeadLetter[]>;
  /** Shows messages again at once. One that is gone, or visible already, is no failure. */
  restore(receiptHandles: readonly string[]): Promise<void>;
  /** Says of each, in their order, whether it is gone for good. */
  delete(receiptHandles: readonly string[]): Promise<readonly boolean[]>;
}

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

// Requests that are under way at a time, where a whole listing is shown again.
const RESTORE_LANES = 8;
const [MESSAGE, FIELD] = ['\n', '\t'];

/** What is known of a message that is hidden. */
export type HeldMessage = Pick<ReceivedDeadLetter, 'messageId' | 'receiptHandle' | 'group'>;

/** The messages that a look has hidden, until it shows them again. */
interface HiddenMessages {
  /** Those of one receive. */
  add(messages: readonly HeldMessage[]): void;
  /** So many were shown again meanwhile; those that are received anew are added anew. */
  forget(count: number): void;
  /** How many are hidden. */
  count(): number;
  /** Each with its newest handle, as long as nothing was restored. */
  list(): readonly HeldMessage[];
  /** Tries to show every one again, whatever fails; rejects with the first failure then. */
  restoreAll(): Promise<void>;
}

/**
 * Keeps messages as bytes, one block a receive: a receipt handle has hundreds of characters, and a listing of a large
 * queue has tens of thousands of them, which would otherwise be most of its memory.
 */
export function createHiddenMessages(queue: Pick<DeadLetterQueue, 'restore'>): HiddenMessages {
  const pages: Buffer[] = [];
  let held = 0;

  async function restoreSome(failures: unknown[]): Promise<void> {
    for (let page = pages.pop(); page; page = pages.pop()) {
      const handles = readMessages(page).map(({ receiptHandle }) => receiptHandle);
      await queue.restore(handles).catch((error: unknown) => failures.push(error));
    }
  }

  return {
    add(messages) {
      held += messages.length;
      if (messages.length > 0) pages.push(toBytes(messages.map(toLine).join(MESSAGE)));
    },
    forget(count) {
      held -= count;
    },
    count: () => held,
    list() {
      const newest = pages.flatMap(readMessages).map((message) => [message.messageId, message] as const);
      return [...new Map(newest).values()];
    },
    async restoreAll() {
      const failures: unknown[] = [];
      await Promise.all(Array.from({ length: RESTORE_LANES }, () => restoreSome(failures)));
      if (failures.length > 0) throw failures[0];
    },
  };
}

function toLine({ messageId, receiptHandle, group = '' }: HeldMessage): string {
  return [messageId, receiptHandle, group].join(FIELD);
}

function readMessages(page: Buffer): HeldMessage[] {
  return page
    .toString()
    .split(MESSAGE)
    .map((line) => {
      const [messageId = '', receiptHandle = '', group = ''] = line.split(FIELD);
      return { messageId, receiptHandle, group };
    });
}

/** A block of its own: small ones of `Buffer.from` are cut from a shared block of 64 KB, which each of them would keep. */
function toBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}
