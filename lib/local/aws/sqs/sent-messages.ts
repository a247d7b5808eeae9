import type { Clock } from '../../../ports/clock.ts';
import type { SqsMessage } from '../fauxqs-internals.ts';
import { createDeduplicationWindow, DEDUPLICATION_MS, type SentMessage } from './deduplication-window.ts';
import type { MessageLog } from './message-log.ts';
import { createSequence } from './sequence.ts';

/** What a FIFO queue remembers of the messages that were sent to it, over a restart too. */
export interface SentMessages {
  /** The message that was sent under this key within the last five minutes. */
  find(key: string): SentMessage | undefined;
  add(key: string, message: SqsMessage): void;
  nextSequenceNumber(): string;
}

export interface SentMessagesDeps {
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
