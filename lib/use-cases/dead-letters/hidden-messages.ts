import type { ReceivedDeadLetter } from '../../core/dead-letter/dead-letter.ts';
import type { DeadLetterQueue } from '../../ports/dead-letter-queue.ts';

// Requests that are under way at a time, where a whole listing is shown again.
const RESTORE_LANES = 8;
const [MESSAGE, FIELD] = ['\n', '\t'];

/** What is known of a message that is hidden. */
export type HeldMessage = Pick<ReceivedDeadLetter, 'messageId' | 'receiptHandle' | 'group'>;

/** The messages that a look has hidden, until it shows them again. */
export interface HiddenMessages {
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
