import type { SendInput } from './check-send.ts';
import type { FakeQueue } from './fake-queue.ts';
import type { QueueMessage } from './queue-message.ts';

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
