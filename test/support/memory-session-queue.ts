import type { CoalescedJob } from '../../lib/core/job/coalesce.ts';
import type { QueuedMessage, SessionQueue } from '../../lib/ports/session-queue.ts';

/** A session queue in memory that deduplicates as SQS does within its five minutes. */
export interface MemorySessionQueue extends SessionQueue {
  /** The messages that exist: one for each deduplication id and group. */
  readonly messages: readonly (CoalescedJob & QueuedMessage)[];
  /** How often `send` was called, with equal jobs counted each time. */
  readonly sends: number;
  /** Makes every send that follows reject with `error`, until it is called without one. */
  failWith(error?: Error): void;
}

// SQS numbers have 20 digits and grow.
const FIRST_SEQUENCE_NUMBER = 18_000_000_000_000_000_000n;

export function createMemorySessionQueue(): MemorySessionQueue {
  const messages: (CoalescedJob & QueuedMessage)[] = [];
  let sends = 0;
  let failure: Error | undefined;

  return {
    messages,
    get sends() {
      return sends;
    },
    failWith(error) {
      failure = error;
    },
    async send(job) {
      sends += 1;
      if (failure) throw failure;
      const twin = messages.find(
        (other) => other.deduplicationId === job.deduplicationId && other.groupId === job.groupId,
      );
      if (twin) return toQueued(twin);

      const number = messages.length + 1;
      const message = {
        ...job,
        messageId: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
        sequenceNumber: String(FIRST_SEQUENCE_NUMBER + BigInt(number)),
      };
      messages.push(message);
      return toQueued(message);
    },
  };
}

function toQueued({ messageId, sequenceNumber }: QueuedMessage): QueuedMessage {
  return { messageId, sequenceNumber };
}
