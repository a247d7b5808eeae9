import type { ReceivedDeadLetter } from '../../lib/core/dead-letter/dead-letter.ts';
import type { Clock } from '../../lib/ports/clock.ts';
import type { DeadLetterQueue } from '../../lib/ports/dead-letter-queue.ts';
import type { QueueReader } from '../../lib/ports/queue-reader.ts';

export interface StoredLetter {
  readonly messageId: string;
  readonly body: string;
  /** The message group; by default one of its own. */
  readonly group?: string;
  readonly sentMs?: number;
  readonly receives?: number;
}

/** A FIFO dead-letter queue in memory: hides what it hands out, and a group with a message in flight altogether. */
export interface MemoryDeadLetterQueue extends DeadLetterQueue, QueueReader {
  /** What only SQS does. */
  bury(...letters: StoredLetter[]): void;
  /** The same with a message that no redrive that has begun takes: SQS moves what was there then. */
  burySilently(letter: StoredLetter): void;
  /** Moves up to so many visible messages elsewhere, as a redrive of SQS does; returns how many. */
  take(count: number): number;
  /** Ids of all messages, in their order. */
  ids(): readonly string[];
  /** Their bodies. */
  bodies(): readonly string[];
  /** Ids of those that anybody could receive now. */
  visibleIds(): readonly string[];
  /** The longest time for which a message was ever hidden, in seconds. */
  longestHiddenSeconds(): number;
  /** Makes each delete that follows do nothing, as for a handle that has run out. */
  refuseDeletes(): void;
}

interface Entry extends Required<StoredLetter> {
  receiptHandle: string;
  hiddenUntilMs: number;
}

const RETENTION_SECONDS = 14 * 24 * 3600;
const MOST_PER_RECEIVE = 10;

export function createMemoryDeadLetterQueue(clock: Clock): MemoryDeadLetterQueue {
  const entries = new Map<string, Entry>();
  const late = new Set<string>();
  let serial = 0;
  let longest = 0;
  let deletes = true;

  const all = () => [...entries.values()];
  const isHidden = ({ hiddenUntilMs }: Entry) => hiddenUntilMs > clock.nowMs();
  const available = () => {
    const locked = new Set(
      all()
        .filter(isHidden)
        .map(({ group }) => group),
    );
    return all().filter(({ group }) => !locked.has(group));
  };
  const findByHandle = (handle: string) =>
    all().find((entry) => entry.receiptHandle === handle && isHidden(entry));

  function receiveOne(entry: Entry, visibilitySeconds: number): ReceivedDeadLetter {
    serial += 1;
    longest = Math.max(longest, visibilitySeconds);
    const changed = {
      ...entry,
      receives: entry.receives + 1,
      receiptHandle: `handle-${serial}`,
      hiddenUntilMs: clock.nowMs() + visibilitySeconds * 1000,
    };
    entries.set(entry.messageId, changed);
    const { messageId, receiptHandle, body, receives, sentMs, group } = changed;
    return { messageId, receiptHandle, body, receives, sentMs, group };
  }

  function bury(letter: StoredLetter): void {
    entries.set(letter.messageId, {
      group: letter.messageId,
      sentMs: clock.nowMs(),
      receives: 20,
      ...letter,
      receiptHandle: '',
      hiddenUntilMs: 0,
    });
  }

  return {
    bury: (...letters) => letters.forEach(bury),
    burySilently(letter) {
      late.add(letter.messageId);
      bury(letter);
    },
    take(count) {
      const taken = available()
        .filter(({ messageId }) => !late.has(messageId))
        .slice(0, count);
      for (const { messageId } of taken) entries.delete(messageId);
      return taken.length;
    },
    ids: () => [...entries.keys()],
    bodies: () => all().map(({ body }) => body),
    visibleIds: () =>
      all()
        .filter((entry) => !isHidden(entry))
        .map(({ messageId }) => messageId),
    longestHiddenSeconds: () => longest,
    refuseDeletes() {
      deletes = false;
    },
    async describe() {
      const visible = all().filter((entry) => !isHidden(entry)).length;
      return { visible, inFlight: entries.size - visible, delayed: 0, retentionSeconds: RETENTION_SECONDS };
    },
    async receive(visibilitySeconds) {
      return available()
        .slice(0, MOST_PER_RECEIVE)
        .map((entry) => receiveOne(entry, visibilitySeconds));
    },
    async restore(handles) {
      for (const handle of handles) {
        const entry = findByHandle(handle);
        if (entry) entries.set(entry.messageId, { ...entry, hiddenUntilMs: 0 });
      }
    },
    async delete(handles) {
      return handles.map((handle) => {
        const entry = deletes ? findByHandle(handle) : undefined;
        return entry !== undefined && entries.delete(entry.messageId);
      });
    },
  };
}
