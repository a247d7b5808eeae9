import { createHash } from 'node:crypto';
import type { Clock } from '../../../clock.ts';
import type { SqsMessage } from '../fauxqs-internals.ts';
import type { MessageLog, SentMessage } from './message-log.ts';

/** What a FIFO queue remembers of the messages that were sent to it, over a restart too. */
export interface SentMessages {
  /** The message that was sent under this key within the last five minutes. */
  find(key: string): SentMessage | undefined;
  add(key: string, message: SqsMessage): void;
  nextSequenceNumber(): string;
}

interface SentMessagesDeps {
  readonly clock: Clock;
  readonly log: MessageLog | undefined;
  readonly queueName: string;
}

export function createSentMessages({ clock, log, queueName }: SentMessagesDeps): SentMessages {
  const window = createDeduplicationWindow();
  const sequence = createSequence();
  for (const [key, sent] of log?.sent(queueName, clock.nowMs() - DEDUPLICATION_MS) ?? []) {
    window.add(key, sent);
    sequence.skipTo(sent.sequenceNumber);
  }
  for (const { message } of log?.messages(queueName) ?? []) sequence.skipTo(message.sequenceNumber);

  return {
    find: (key) => window.find(key, clock.nowMs()),
    add(key, { messageId, sequenceNumber, sentTimestamp }) {
      const sent = {
        messageId,
        sentMs: sentTimestamp,
        ...(sequenceNumber !== undefined && { sequenceNumber }),
      };
      log?.addSent(queueName, key, sent);
      window.add(key, sent);
    },
    nextSequenceNumber: () => sequence.next(clock.nowMs()),
  };
}

/** The five minutes in which SQS drops the twin of a message, whether that one was received or deleted or not. */
interface DeduplicationWindow {
  find(key: string, nowMs: number): SentMessage | undefined;
  add(key: string, sent: SentMessage): void;
}

// Documented for FIFO queues; it cannot be configured.
const DEDUPLICATION_MS = 5 * 60 * 1000;

function createDeduplicationWindow(): DeduplicationWindow {
  // A Map keeps the order of insertion, so the oldest are at the front.
  const sent = new Map<string, SentMessage>();

  function forgetOld(nowMs: number): void {
    for (const [key, { sentMs }] of sent) {
      if (nowMs - sentMs < DEDUPLICATION_MS) return;
      sent.delete(key);
    }
  }

  return {
    find(key, nowMs) {
      forgetOld(nowMs);
      return sent.get(key);
    },
    add(key, message) {
      sent.delete(key);
      sent.set(key, message);
    },
  };
}

// No deduplication id may hold it: SQS allows visible ASCII alone.
const SEPARATOR = '\n';

/**
 * The name under which fauxqs remembers an id: with `DeduplicationScope: messageGroup` the group belongs to it. fauxqs
 * passes it through as the message's id; `splitDeduplicationKey` brings that back.
 */
export function toDeduplicationKey(deduplicationId: string, groupId: string): string {
  return `${deduplicationId}${SEPARATOR}${groupId}`;
}

/** The id that was sent and the key of deduplication; both undefined for a message without one. */
export function splitDeduplicationKey(key: string | undefined): {
  readonly deduplicationId: string | undefined;
  readonly key: string | undefined;
} {
  return { deduplicationId: key?.split(SEPARATOR, 1)[0], key };
}

/** The id of a message that was sent without one to a queue with `ContentBasedDeduplication`. */
export function toContentDeduplicationId(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}

/** The sequence numbers of a FIFO queue: 20 digits, each greater than the one before, also after a restart. */
interface Sequence {
  next(nowMs: number): string;
  /** What follows is greater than `number`. */
  skipTo(number: string | undefined): void;
}

// Milliseconds since 1970 times this have the 20 digits of SQS, and no millisecond sees ten million messages.
const PER_MILLISECOND = 10_000_000n;

function createSequence(): Sequence {
  let last = 0n;
  return {
    next(nowMs) {
      const fromClock = BigInt(Math.floor(nowMs)) * PER_MILLISECOND;
      last = fromClock > last ? fromClock : last + 1n;
      return String(last).padStart(20, '0');
    },
    skipTo(number) {
      const value = BigInt(number ?? 0);
      if (value > last) last = value;
    },
  };
}
