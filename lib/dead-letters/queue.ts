import { randomUUID } from 'node:crypto';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { toSqsFailure } from '../aws/failures.ts';
import type { Look } from '../ledger/message-notes.ts';
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

/** Why messages wait that nobody hides, as far as can be known. */
export type WaitingReason =
  /** SQS hands out ten messages of a session at a time, and these are behind ten. */
  | 'behind_ten'
  /** SQS hands out no message of a session of which another reader hides one. */
  | 'behind_hidden'
  /** One or the other. */
  | 'behind_ten_or_hidden'
  /** The look ended before it came to them. */
  | 'not_looked_at'
  /** Counted by SQS, and not handed out: its counts may be a minute old. */
  | 'unknown';

/** The messages of a dead-letter queue that a look did not see. */
export interface Unseen {
  readonly count: number;
  /** Of those: hidden by another reader, a look that was killed among them. */
  readonly hidden: number;
  /** When they are visible again at the latest; undefined where none is hidden. */
  readonly hiddenUntilMs: number | undefined;
  /** When the look began that hides them; undefined where the ledger knows of none. */
  readonly hiddenSinceMs: number | undefined;
  /** The others. */
  readonly waiting: number;
  /** Undefined where none waits. */
  readonly waitingReason: WaitingReason | undefined;
  /** Groups of which ten messages were seen, behind which more may wait. */
  readonly fullGroups: readonly string[];
}

interface Counts {
  readonly visible: number;
  readonly inFlight: number;
}

interface ExplainUnseenOptions {
  /** False where the look ended before it had come to the end. */
  readonly isWhole: boolean;
  readonly atStart: Counts;
  /** Messages that were seen, without those that died since the start. */
  readonly seenOfStart: number;
  /** Before anything is shown again. */
  readonly atEnd: Counts;
  /** What the look itself hides then. */
  readonly held: number;
  readonly fullGroups: readonly string[];
  /** The looks of others that have not ended. */
  readonly readOpenLooks: () => Promise<readonly Look[]>;
  readonly nowMs: number;
}

/**
 * Says what a look did not see. Visible and in flight count together, because SQS may be a minute late in telling one from
 * the other: what was seen is missing from neither.
 */
export async function explainUnseen(options: ExplainUnseenOptions): Promise<Unseen> {
  const { isWhole, atStart, seenOfStart, atEnd, held, fullGroups, readOpenLooks, nowMs } = options;
  const count = Math.max(0, Math.min(total(atStart) - seenOfStart, total(atEnd) - held));
  const foreign = Math.max(0, atEnd.inFlight - held);
  // Of a look that ended early there is nothing else that would show whether the count in flight is an old one.
  const hidden = Math.min(count, foreign, isWhole ? count : atStart.inFlight);
  const waiting = count - hidden;
  const looks = hidden > 0 ? await readOpenLooks() : [];
  const last = looks.reduce<Look | undefined>((a, b) => (a && a.untilMs >= b.untilMs ? a : b), undefined);
  return {
    count,
    hidden,
    // Longer than that SQS hides nothing.
    hiddenUntilMs: hidden > 0 ? (last?.untilMs ?? nowMs + MAX_PEEK_SECONDS * 1000) : undefined,
    hiddenSinceMs: last?.startedMs,
    waiting,
    waitingReason: waiting > 0 ? toReason(isWhole, hidden > 0, fullGroups.length > 0) : undefined,
    fullGroups: waiting > 0 && isWhole ? fullGroups : [],
  };
}

/** True for a look that saw whatever there was, or as much as was asked for. */
export function isWholeLook({ ended, unseen }: { readonly ended: string; readonly unseen: Unseen }): boolean {
  if (ended === 'max' || ended === 'enough') return unseen.hidden === 0;
  return ended === 'end' && unseen.count === 0;
}

function toReason(isWhole: boolean, isSomeHidden: boolean, isSomeFull: boolean): WaitingReason {
  if (!isWhole) return 'not_looked_at';
  if (isSomeHidden) return isSomeFull ? 'behind_ten_or_hidden' : 'behind_hidden';
  return isSomeFull ? 'behind_ten' : 'unknown';
}

function total({ visible, inFlight }: Counts): number {
  return visible + inFlight;
}

/** SQS hides a message for at most twelve hours. */
export const MAX_PEEK_SECONDS = 12 * 3600;

const LEAST_SECONDS = 60;
// A page of ten takes two calls to SQS and one to the ledger: half a second on a slow line.
const SECONDS_PER_MESSAGE = 0.05;

interface PeekSize {
  readonly messages: number;
  /** Messages that are acted upon in a second, where that is what takes the time. */
  readonly ratePerSecond?: number | undefined;
}

/**
 * For how long the messages of a look are hidden while it lasts, so that none is seen twice. They are shown again at its
 * end: the time runs out only where the process was killed.
 */
export function toPeekSeconds({ messages, ratePerSecond = Number.POSITIVE_INFINITY }: PeekSize): number {
  const seconds = LEAST_SECONDS + messages * (SECONDS_PER_MESSAGE + 1 / ratePerSecond);
  return Math.min(MAX_PEEK_SECONDS, Math.ceil(seconds));
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
