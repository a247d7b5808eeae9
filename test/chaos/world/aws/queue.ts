import type { Message, ReceiveMessageCommandInput, SendMessageCommandInput } from '@aws-sdk/client-sqs';
import { toAwsError } from './call.ts';

/** A queue with its name, and where its dead letters go. */
export interface NamedQueue {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
  readonly queue: FakeQueue;
  /** As the history names it; undefined for a queue that nobody watches. */
  readonly watchedAs: 'sessions' | 'sessions-dlq' | undefined;
  readonly deadLetterArn: string | undefined;
  readonly isDeduplicatedByGroup: boolean;
  readonly settings: Readonly<Record<string, string>>;
  /** Told when something may be received that could not be before, or will be at another moment. */
  onChange: () => void;
  /** Resolves at the next such moment. */
  untilChange(): Promise<void>;
}

export interface Sender {
  readonly by: 'webhook' | 'redrive' | 'stranger';
  readonly deliveryId?: string | undefined;
}

export interface SentResult {
  readonly messageId: string;
  readonly sequenceNumber: string | undefined;
}

/** All queues, and the ways in which messages get into them. */
export interface Queues {
  createQueue(name: string, settings: Readonly<Record<string, string>>): NamedQueue;
  deleteQueue(url: string): void;
  find(urlOrArn: string): NamedQueue | undefined;
  all(): Iterable<NamedQueue>;
  send(to: NamedQueue, input: SendInput, sender: Sender): SentResult;
  /** Puts a dead letter back: a new message, which was never received. */
  putBack(to: NamedQueue, message: QueueMessage): void;
}

export interface QueueAttributes {
  readonly isFifo: boolean;
  delaySeconds: number;
  readonly visibilitySeconds: number;
  readonly retentionSeconds: number;
  readonly maxReceiveCount: number;
}

interface QueueEvents {
  /** A message was handed out. */
  received(message: QueueMessage): void;
  deleted(message: QueueMessage): void;
  expired(message: QueueMessage): void;
  /** A message was received too often; false where there is no queue to take it. */
  gaveUp(message: QueueMessage): boolean;
  /** Something may be received now that could not be before, or will be at another moment. */
  changed(): void;
}

interface Entry {
  readonly message: QueueMessage;
  readonly group: string;
  readonly order: number;
  readonly delayedFromMs: number | undefined;
  /** In flight until `dueMs`. */
  receiptHandle: string | undefined;
  /** When its delay or its visibility ends. */
  dueMs: number;
}

interface FakeQueue {
  readonly attributes: QueueAttributes;
  add(message: QueueMessage, options: { readonly delaySeconds: number }): void;
  /** Up to `maximum` messages, as many as possible of one group before the next. */
  receive(maximum: number, visibilitySeconds?: number): ReceivedEntry[];
  /** False where the message is not in flight under that handle. */
  delete(receiptHandle: string): boolean;
  hide(receiptHandle: string, seconds: number): boolean;
  /** Takes available messages away, oldest first, for as long as `take` wants them. */
  drain(maximum: number, take: (message: QueueMessage) => boolean): number;
  setDelay(seconds: number): void;
  expire(): void;
  /** When the next delay or visibility ends; undefined where none runs. */
  nextDueMs(): number | undefined;
  count(): { readonly waiting: number; readonly delayed: number; readonly inFlight: number };
}

/** A queue of SQS: groups, delay, visibility, receive counts, retention. A standard queue has a group for each message. */
export function createFakeQueue(
  attributes: QueueAttributes,
  { nowMs, nextHandle, events }: { nowMs: () => number; nextHandle: () => string; events: QueueEvents },
): FakeQueue {
  // In the order in which messages are received, also after they came back.
  let entries: Entry[] = [];
  const held = new Map<string, Entry>();
  let orders = 0;
  let oldestSentMs = Number.POSITIVE_INFINITY;

  function isWaiting(entry: Entry): boolean {
    return entry.dueMs <= nowMs();
  }

  function isHeld(entry: Entry): boolean {
    return entry.receiptHandle !== undefined && !isWaiting(entry);
  }

  function remove(entry: Entry): void {
    entries = entries.filter((other) => other !== entry);
    if (entry.receiptHandle !== undefined) held.delete(entry.receiptHandle);
  }

  function findHeld(receiptHandle: string): Entry | undefined {
    const entry = held.get(receiptHandle);
    return entry && entry.receiptHandle === receiptHandle && isHeld(entry) ? entry : undefined;
  }

  function receive(maximum: number, visibilitySeconds = attributes.visibilitySeconds): ReceivedEntry[] {
    expire();
    const received: ReceivedEntry[] = [];
    const locked = new Set(entries.filter(isHeld).map(({ group }) => group));
    const groups = Map.groupBy(
      entries.filter(({ group }) => !locked.has(group)),
      ({ group }) => group,
    );
    for (const group of groups.values()) {
      for (const entry of group) {
        if (received.length === maximum) return received;
        // What is delayed holds up its group.
        if (!isWaiting(entry)) break;
        const handedOut = handOut(entry, visibilitySeconds);
        if (handedOut) received.push(handedOut);
      }
    }
    return received;
  }

  function handOut(entry: Entry, visibilitySeconds: number): ReceivedEntry | undefined {
    const { message } = entry;
    if (message.receiveCount >= attributes.maxReceiveCount && events.gaveUp(message)) {
      remove(entry);
      return undefined;
    }
    if (entry.receiptHandle !== undefined) held.delete(entry.receiptHandle);
    message.receiveCount += 1;
    message.firstReceivedMs ??= nowMs();
    const receiptHandle = nextHandle();
    entry.receiptHandle = receiptHandle;
    entry.dueMs = nowMs() + visibilitySeconds * 1000;
    held.set(receiptHandle, entry);
    events.received(message);
    events.changed();
    return { message, receiptHandle };
  }

  function expire(): void {
    const limitMs = nowMs() - attributes.retentionSeconds * 1000;
    if (oldestSentMs > limitMs) return;
    for (const entry of entries.filter(({ message }) => message.sentMs <= limitMs)) {
      remove(entry);
      events.expired(entry.message);
    }
    oldestSentMs = Math.min(...entries.map(({ message }) => message.sentMs), Number.POSITIVE_INFINITY);
  }

  return {
    attributes,
    add(message, { delaySeconds }) {
      orders += 1;
      const dueMs = nowMs() + delaySeconds * 1000;
      const group = attributes.isFifo ? (message.groupId ?? '') : message.messageId;
      entries.push({
        message,
        group,
        order: orders,
        receiptHandle: undefined,
        dueMs,
        delayedFromMs: nowMs(),
      });
      oldestSentMs = Math.min(oldestSentMs, message.sentMs);
      events.changed();
    },
    receive,
    delete(receiptHandle) {
      const entry = findHeld(receiptHandle);
      if (!entry) return false;
      remove(entry);
      events.deleted(entry.message);
      events.changed();
      return true;
    },
    hide(receiptHandle, seconds) {
      const entry = findHeld(receiptHandle);
      if (!entry) return false;
      entry.dueMs = nowMs() + seconds * 1000;
      events.changed();
      return true;
    },
    drain(maximum, take) {
      expire();
      let taken = 0;
      for (const entry of entries.filter(isWaiting)) {
        if (taken === maximum || !take(entry.message)) break;
        remove(entry);
        events.deleted(entry.message);
        taken += 1;
      }
      return taken;
    },
    setDelay(seconds) {
      attributes.delaySeconds = seconds;
      for (const entry of entries) {
        if (entry.receiptHandle !== undefined || isWaiting(entry)) continue;
        entry.dueMs = (entry.delayedFromMs ?? nowMs()) + seconds * 1000;
      }
      events.changed();
    },
    expire,
    nextDueMs() {
      const waits = entries.filter((entry) => !isWaiting(entry)).map(({ dueMs }) => dueMs);
      return waits.length === 0 ? undefined : Math.min(...waits);
    },
    count() {
      const inFlight = entries.filter(isHeld).length;
      const waiting = entries.filter(isWaiting).length;
      return { inFlight, waiting, delayed: entries.length - inFlight - waiting };
    },
  };
}

/** A message as a receive returns it: its system attributes only as far as they were asked for. */
export function toSdkMessage(
  { message, receiptHandle }: ReceivedEntry,
  { MessageSystemAttributeNames = [] }: Pick<ReceiveMessageCommandInput, 'MessageSystemAttributeNames'> = {},
): Message {
  const all = {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentMs),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedMs),
    SenderId: 'AIDAEXAMPLE',
    ...(message.groupId !== undefined && { MessageGroupId: message.groupId }),
    ...(message.deduplicationId !== undefined && { MessageDeduplicationId: message.deduplicationId }),
    ...(message.sequenceNumber !== undefined && { SequenceNumber: message.sequenceNumber }),
    ...(message.sourceArn !== undefined && { DeadLetterQueueSourceArn: message.sourceArn }),
  };
  const asked = new Set<string>(MessageSystemAttributeNames);
  const Attributes = asked.has('All')
    ? all
    : Object.fromEntries(Object.entries(all).filter(([name]) => asked.has(name)));
  return {
    MessageId: message.messageId,
    ReceiptHandle: receiptHandle,
    Body: message.body,
    ...(Object.keys(Attributes).length > 0 && { Attributes }),
    ...(message.messageAttributes && {
      MessageAttributes: message.messageAttributes as NonNullable<Message['MessageAttributes']>,
    }),
  };
}

/** A message in one of the fake queues. */
export interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
  /** Of a FIFO queue. */
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly sequenceNumber: string | undefined;
  readonly messageAttributes: Readonly<Record<string, unknown>> | undefined;
  /** Retention counts from here. */
  readonly sentMs: number;
  receiveCount: number;
  firstReceivedMs: number | undefined;
  /** The queue that gave it up. */
  readonly sourceArn: string | undefined;
}

export interface ReceivedEntry {
  readonly message: QueueMessage;
  readonly receiptHandle: string;
}

export type SendInput = Pick<
  SendMessageCommandInput,
  'MessageBody' | 'MessageGroupId' | 'MessageDeduplicationId' | 'DelaySeconds' | 'MessageAttributes'
>;

const MOST_BYTES = 1024 * 1024;
const ID = /^[\x21-\x7e]{1,128}$/;

/** Throws what SQS answers to a message that it does not take. */
export function checkSend(input: SendInput, isFifo: boolean): void {
  const { MessageBody = '', MessageGroupId, MessageDeduplicationId } = input;
  if (MessageBody === '') throw refuse('MissingParameter', 'MessageBody is missing');
  if (Buffer.byteLength(MessageBody) > MOST_BYTES) throw refuse('InvalidParameterValue', 'longer than 1 MiB');
  if (!isSqsText(MessageBody)) throw refuse('InvalidMessageContents', 'illegal characters');
  if (!isFifo) return;
  if (!MessageGroupId) throw refuse('MissingParameter', 'MessageGroupId is missing');
  if (!MessageDeduplicationId) throw refuse('InvalidParameterValue', 'MessageDeduplicationId is missing');
  if (!ID.test(MessageGroupId) || !ID.test(MessageDeduplicationId))
    throw refuse('InvalidParameterValue', 'an id is invalid');
  if (input.DelaySeconds !== undefined) throw refuse('InvalidParameterValue', 'DelaySeconds on a FIFO queue');
}

function refuse(name: string, message: string): Error {
  return toAwsError(name, 400, message);
}

/** The characters that SQS takes, and SNS for it: no control characters, no halves of pairs, not U+FFFE and U+FFFF. */
export function isSqsText(text: string): boolean {
  if (!text.isWellFormed()) return false;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 && unit !== 0x9 && unit !== 0xa && unit !== 0xd) return false;
    if (unit > 0xfffd) return false;
  }
  return true;
}
