import type { QueueMessage, ReceivedEntry } from './queue-message.ts';

export interface QueueAttributes {
  readonly isFifo: boolean;
  delaySeconds: number;
  readonly visibilitySeconds: number;
  readonly retentionSeconds: number;
  readonly maxReceiveCount: number;
}

export interface QueueEvents {
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

export interface FakeQueue {
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
