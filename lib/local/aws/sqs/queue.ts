import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../clock.ts';
import {
  type ReceivedMessage,
  registerQueue,
  type SqsMessage,
  SqsQueue,
  SqsStore,
} from '../fauxqs-internals.ts';
import { createSentMessages, type SentMessages, splitDeduplicationKey } from './deduplication.ts';
import { createKeptLine, createLongPolls, type KeptLine, type LongPolls } from './kept-line.ts';
import type { HeldEntry } from './message-line.ts';
import type { MessageLog } from './message-log.ts';

interface EmbeddedQueueDeps {
  readonly clock: Clock;
  /** Absent: in memory. */
  readonly log: MessageLog | undefined;
}

export interface QueuedMessage extends SqsMessage {
  /** The queue that gave this message up. */
  deadLetterQueueSourceArn?: string;
}

type DeadLetterResolver = NonNullable<Parameters<SqsQueue['dequeue']>[2]>;

/**
 * fauxqs's queue with the behaviour of SQS that the pipeline relies on and fauxqs lacks: several messages of one group in
 * one receive and in their order, deduplication per group and across a restart, a queue delay that is retroactive, counts
 * that are up to date, dead letters that cannot be lost half-way. What fauxqs keeps is the protocol and the attributes.
 */
export class EmbeddedQueue extends SqsQueue {
  readonly #clock: Clock;
  readonly #kept: KeptLine;
  readonly #sent: SentMessages;
  readonly #polls: LongPolls;

  constructor(args: ConstructorParameters<typeof SqsQueue>, { clock, log }: EmbeddedQueueDeps) {
    super(...args);
    this.#clock = clock;
    this.#kept = createKeptLine({ clock, log, queueName: this.name, isFifo: this.isFifo() });
    this.#sent = createSentMessages({ clock, log, queueName: this.name });
    this.#polls = createLongPolls({ clock, line: this.#kept.line, advance: this.#kept.advance });
    // fauxqs looks messages in flight up here, and changes it in no method but those that are replaced below.
    this.inflightMessages = this.#kept.line.held as Map<string, HeldEntry>;
  }

  override enqueue(message: SqsMessage): void {
    const nowMs = this.#clock.nowMs();
    // fauxqs has stamped the message with the machine's time; its delay is a difference of two such stamps.
    const delayMs = (message.delayUntil ?? message.sentTimestamp) - message.sentTimestamp;
    const { deduplicationId, key } = splitDeduplicationKey(message.messageDeduplicationId);
    const sent: SqsMessage = { ...message, sentTimestamp: nowMs };
    if (deduplicationId !== undefined) sent.messageDeduplicationId = deduplicationId;
    delete sent.delayUntil;

    this.#kept.transaction(() => {
      this.#add(sent, nowMs + delayMs);
      // After the message, and with it or not at all: a note alone would swallow the sender's second try.
      if (key !== undefined) this.#sent.add(key, sent);
    });
  }

  /** Takes over a message that another queue gave up: it keeps its id and its receives. */
  takeDeadLetter(message: QueuedMessage): void {
    const nowMs = this.#clock.nowMs();
    // A FIFO queue restarts the retention of a dead letter, a standard queue does not.
    this.#add(this.isFifo() ? { ...message, sentTimestamp: nowMs } : message, nowMs);
  }

  /** Takes over a message that a move task brings: it is a new one, which was never received. */
  takeMoved({ approximateFirstReceiveTimestamp, deadLetterQueueSourceArn, ...message }: QueuedMessage): void {
    const nowMs = this.#clock.nowMs();
    const moved = {
      ...message,
      messageId: randomUUID(),
      sentTimestamp: nowMs,
      approximateReceiveCount: 0,
      ...(this.isFifo() && { sequenceNumber: this.nextSequenceNumber() }),
    };
    this.#add(moved, nowMs + Number(this.attributes.DelaySeconds) * 1000);
  }

  /**
   * Moves up to `maximum` available messages to the queue that `toDestination` names for each; where it names none the
   * message stays, and no further one is moved. Returns how many were.
   */
  move(maximum: number, toDestination: (message: QueuedMessage) => EmbeddedQueue | undefined): number {
    return this.#kept.drain(maximum, (message) => {
      const destination = toDestination(message);
      destination?.takeMoved(message);
      return destination !== undefined;
    });
  }

  override dequeue(
    maxCount: number,
    visibilityTimeoutOverride?: number,
    dlqResolver?: DeadLetterResolver,
  ): ReceivedMessage[] {
    const nowMs = this.#clock.nowMs();
    const visibilitySeconds = visibilityTimeoutOverride ?? Number(this.attributes.VisibilityTimeout);
    const received: ReceivedMessage[] = [];
    this.#kept.take(Math.min(maxCount, MOST_PER_RECEIVE), (message) => {
      if (this.#giveUp(message, dlqResolver)) return undefined;
      message.approximateReceiveCount += 1;
      message.approximateFirstReceiveTimestamp ??= nowMs;
      const receiptHandle = randomUUID();
      received.push(toReceived(message, receiptHandle));
      return { receiptHandle, untilMs: nowMs + visibilitySeconds * 1000 };
    });
    this.#polls.update();
    return received;
  }

  override deleteMessage(receiptHandle: string): boolean {
    const wasInFlight = this.#kept.remove(receiptHandle);
    this.#polls.update();
    return wasInFlight;
  }

  override changeVisibility(receiptHandle: string, timeoutSeconds: number): void {
    this.#kept.hide(receiptHandle, timeoutSeconds);
    this.#polls.update();
  }

  /** Takes back messages that were given to a caller who had gone. */
  takeBack(receiptHandles: readonly string[]): void {
    for (const receiptHandle of receiptHandles) this.#kept.takeBack(receiptHandle);
    this.#polls.update();
  }

  override processTimers(): void {
    this.#kept.advance();
  }

  override waitForMessages(waitTimeSeconds: number): Promise<void> {
    return this.#polls.wait(waitTimeSeconds);
  }

  override cancelWaiters(): void {
    this.#polls.cancel();
  }

  override purge(): void {
    this.#kept.clear();
  }

  override setAttributes(attributes: Record<string, string>): void {
    super.setAttributes(attributes);
    if (attributes.DelaySeconds === undefined || !this.isFifo()) return;
    // On a FIFO queue a changed delay applies to the messages that are in it.
    this.#kept.redelay(Number(attributes.DelaySeconds));
    this.#polls.update();
  }

  override getAttribute(name: Parameters<SqsQueue['getAttribute']>[0]): string | undefined {
    this.#kept.advance();
    if (name === 'ApproximateNumberOfMessages') return String(this.#kept.line.waitingCount);
    if (name === 'ApproximateNumberOfMessagesDelayed') return String(this.#kept.line.delayedCount);
    return super.getAttribute(name);
  }

  override inspectMessages(): ReturnType<SqsQueue['inspectMessages']> {
    this.#kept.advance();
    const { line } = this.#kept;
    return { ready: [...line.waiting()], delayed: [...line.delayed()], inflight: [...line.held.values()] };
  }

  override checkDeduplication(key: string): ReturnType<SqsQueue['checkDeduplication']> {
    const sent = this.#sent.find(key);
    if (sent === undefined) return { isDuplicate: false };
    const { messageId, sequenceNumber } = sent;
    return {
      isDuplicate: true,
      originalMessageId: messageId,
      ...(sequenceNumber !== undefined && { originalSequenceNumber: sequenceNumber }),
    };
  }

  /** fauxqs calls it just before `enqueue`, which notes the message itself. */
  override recordDeduplication(): void {}

  override nextSequenceNumber(): string {
    return this.#sent.nextSequenceNumber();
  }

  #add(message: QueuedMessage, availableAtMs: number): void {
    this.#kept.add(message, availableAtMs);
    this.#polls.update();
  }

  /** Moves a message that was received too often to the dead-letter queue; false where it stays. */
  #giveUp(message: QueuedMessage, resolve: DeadLetterResolver | undefined): boolean {
    const policy = readRedrivePolicy(this.attributes.RedrivePolicy);
    if (policy === undefined || message.approximateReceiveCount < policy.maxReceiveCount) return false;
    const deadLetterQueue = resolve?.(policy.deadLetterTargetArn);
    if (!(deadLetterQueue instanceof EmbeddedQueue)) return false;
    deadLetterQueue.takeDeadLetter({ ...message, deadLetterQueueSourceArn: this.arn });
    return true;
  }
}

const MOST_PER_RECEIVE = 10;

function toReceived(message: SqsMessage, receiptHandle: string): ReceivedMessage {
  const { messageId, md5OfBody, body, messageAttributes, md5OfMessageAttributes } = message;
  return {
    MessageId: messageId,
    ReceiptHandle: receiptHandle,
    MD5OfBody: md5OfBody,
    Body: body,
    ...(md5OfMessageAttributes && { MD5OfMessageAttributes: md5OfMessageAttributes }),
    ...(Object.keys(messageAttributes).length > 0 && { MessageAttributes: messageAttributes }),
  };
}

/** fauxqs's registry of queues, with queues of our own. */
export class EmbeddedSqsStore extends SqsStore {
  readonly #deps: EmbeddedQueueDeps;

  constructor(deps: EmbeddedQueueDeps) {
    super();
    this.#deps = deps;
    // Without a host of its own it makes queue URLs with the host of the request, which is one that resolves.
    this.host = '';
  }

  override createQueue(...args: Parameters<SqsStore['createQueue']>): EmbeddedQueue {
    const queue = new EmbeddedQueue(args, this.#deps);
    if (this.persistence) {
      queue.persistence = this.persistence;
      this.persistence.insertQueue(queue);
    }
    registerQueue(this, queue);
    return queue;
  }

  override deleteQueue(url: string): boolean {
    const name = this.getQueue(url)?.name;
    if (name !== undefined) this.#deps.log?.clear(name);
    return super.deleteQueue(url);
  }

  /** The queue that a `QueueUrl` or an ARN names. */
  findQueue(urlOrArn: string): EmbeddedQueue | undefined {
    const queue = urlOrArn.startsWith('arn:') ? this.getQueueByArn(urlOrArn) : this.getQueue(urlOrArn);
    return queue instanceof EmbeddedQueue ? queue : undefined;
  }

  /** Gives every queue a URL under `baseUrl`: those of kept data name the port of an earlier run. */
  rebaseUrls(baseUrl: string): void {
    for (const queue of [...this.allQueues()]) {
      const { url } = queue;
      Object.assign(queue, { url: `${baseUrl}${new URL(url).pathname}` });
      registerQueue(this, queue, url);
    }
  }
}

export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

/** Reads a queue's `RedrivePolicy` attribute; undefined where it has none, or one that is no policy. */
export function readRedrivePolicy(text: string | undefined): RedrivePolicy | undefined {
  if (!text) return undefined;
  const policy = parse(text);
  if (typeof policy !== 'object' || policy === null) return undefined;
  const { deadLetterTargetArn, maxReceiveCount }: Partial<Record<keyof RedrivePolicy, unknown>> = policy;
  const count = Number(maxReceiveCount);
  if (typeof deadLetterTargetArn !== 'string' || !Number.isInteger(count)) return undefined;
  return { deadLetterTargetArn, maxReceiveCount: count };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
