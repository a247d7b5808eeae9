import type { DeadLetterQueue } from '../../ports/dead-letter-queue.ts';

// Requests that are under way at a time, where a whole listing is shown again.
const RESTORE_LANES = 8;
const SEPARATOR = '\n';

/** The messages that a look has hidden, until it shows them again. */
export interface HiddenMessages {
  /** Those of one receive. */
  add(receiptHandles: readonly string[]): void;
  /** Tries to show every one again, whatever fails; rejects with the first failure then. */
  restoreAll(): Promise<void>;
}

/**
 * Keeps receipt handles as bytes, one block a receive: a handle has hundreds of characters, and a listing of a large
 * queue has tens of thousands of them, which would otherwise be most of its memory.
 */
export function createHiddenMessages(queue: Pick<DeadLetterQueue, 'restore'>): HiddenMessages {
  const pages: Buffer[] = [];

  async function restoreSome(failures: unknown[]): Promise<void> {
    for (let page = pages.pop(); page; page = pages.pop()) {
      await queue.restore(page.toString().split(SEPARATOR)).catch((error: unknown) => failures.push(error));
    }
  }

  return {
    add(receiptHandles) {
      if (receiptHandles.length > 0) pages.push(toBytes(receiptHandles.join(SEPARATOR)));
    },
    async restoreAll() {
      const failures: unknown[] = [];
      await Promise.all(Array.from({ length: RESTORE_LANES }, () => restoreSome(failures)));
      if (failures.length > 0) throw failures[0];
    },
  };
}

/** A block of its own: small ones of `Buffer.from` are cut from a shared block of 64 KB, which each of them would keep. */
function toBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}
