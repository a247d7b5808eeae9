/** What SQS remembers of a message that was sent. */
export interface SentMessage {
  readonly messageId: string;
  readonly sequenceNumber?: string;
  readonly sentMs: number;
}

/** The five minutes in which SQS drops the twin of a message, whether that one was received or deleted or not. */
export interface DeduplicationWindow {
  find(key: string, nowMs: number): SentMessage | undefined;
  add(key: string, sent: SentMessage): void;
}

// Documented for FIFO queues; it cannot be configured.
export const DEDUPLICATION_MS = 5 * 60 * 1000;

export function createDeduplicationWindow(): DeduplicationWindow {
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
