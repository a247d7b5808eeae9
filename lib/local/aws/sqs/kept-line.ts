import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../clock.ts';
import type { SqsMessage } from '../fauxqs-internals.ts';
import { createMessageLine, type Hold, type MessageLine } from './message-line.ts';
import type { MessageLog } from './message-log.ts';

/** A queue's line of messages, and the log that keeps it: what changes the one changes the other. */
export interface KeptLine {
  /** To look at. */
  readonly line: Pick<
    MessageLine,
    'held' | 'waitingCount' | 'delayedCount' | 'hasAvailable' | 'nextDueMs' | 'waiting' | 'delayed'
  >;
  add(message: SqsMessage, availableAtMs: number): void;
  /** Takes up to `maximum` messages; each that `receive` gives a hold counts as received, the others have left. */
  take(maximum: number, receive: (message: SqsMessage) => Hold | undefined): void;
  remove(receiptHandle: string): boolean;
  /** Hides a message in flight for so long from now; 0 makes it available. */
  hide(receiptHandle: string, seconds: number): void;
  /** Makes a message in flight available, as if it had not been received. */
  takeBack(receiptHandle: string): void;
  /** Removes available messages for as long as `leave` says so, at most `maximum`; returns how many. */
  drain(maximum: number, leave: (message: SqsMessage) => boolean): number;
  /** Brings it up to date. */
  advance(): void;
  redelay(delaySeconds: number): void;
  clear(): void;
  transaction(work: () => void): void;
}

interface KeptLineDeps {
  readonly clock: Clock;
  readonly log: MessageLog | undefined;
  readonly queueName: string;
  readonly isFifo: boolean;
}

/** Starts with what the log holds. A message that was in flight is available: whoever held it went down as well. */
export function createKeptLine({ clock, log, queueName, isFifo }: KeptLineDeps): KeptLine {
  const line = createMessageLine();
  let nextOrder = restore();

  function restore(): number {
    let next = 0;
    for (const { message, order, availableAtMs, deferral } of log?.messages(queueName) ?? []) {
      const entry = toEntry(message, order);
      next = order + 1;
      if (deferral !== undefined && deferral.untilMs > clock.nowMs()) line.hold(entry, deferral);
      else line.add(entry, availableAtMs, clock.nowMs());
    }
    return next;
  }

  function toEntry(message: SqsMessage, order: number) {
    return { message, order, group: isFifo ? (message.messageGroupId ?? '') : message.messageId };
  }

  function transaction(work: () => void): void {
    if (log) log.transaction(work);
    else work();
  }

  function advance(): void {
    for (const message of line.advance(clock.nowMs())) log?.update(message);
  }

  return {
    line,
    add(message, availableAtMs) {
      log?.add(queueName, { message, order: nextOrder, availableAtMs });
      line.add(toEntry(message, nextOrder), availableAtMs, clock.nowMs());
      nextOrder += 1;
    },
    take(maximum, receive) {
      advance();
      transaction(() => {
        line.take(maximum, ({ message }) => {
          const hold = receive(message);
          if (hold !== undefined) log?.update(message);
          return hold;
        });
      });
    },
    remove(receiptHandle) {
      const entry = line.remove(receiptHandle);
      if (entry !== undefined) log?.remove(entry.message.messageId);
      return entry !== undefined;
    },
    hide(receiptHandle, seconds) {
      const entry = line.held.get(receiptHandle)?.entry;
      if (entry === undefined) return;
      const deferral = { receiptHandle, untilMs: clock.nowMs() + seconds * 1000 };
      log?.update(entry.message, seconds === 0 ? undefined : deferral);
      if (seconds === 0) line.release(receiptHandle);
      else line.hold(entry, deferral);
    },
    takeBack(receiptHandle) {
      const message = line.held.get(receiptHandle)?.message;
      if (message === undefined) return;
      message.approximateReceiveCount -= 1;
      if (message.approximateReceiveCount === 0) delete message.approximateFirstReceiveTimestamp;
      log?.update(message);
      line.release(receiptHandle);
    },
    drain(maximum, leave) {
      const untilMs = clock.nowMs();
      let left = 0;
      advance();
      transaction(() => {
        line.take(1, ({ message }) => {
          // Whatever is kept ends the taking, and is back at once.
          if (left === maximum || !leave(message)) return { receiptHandle: randomUUID(), untilMs };
          log?.remove(message.messageId);
          left += 1;
          return undefined;
        });
      });
      advance();
      return left;
    },
    advance,
    redelay: (delaySeconds) => line.redelay(({ sentTimestamp }) => sentTimestamp + delaySeconds * 1000),
    clear() {
      line.clear();
      log?.clear(queueName, { messagesOnly: true });
    },
    transaction,
  };
}

/** The receives that wait for a message of one queue. */
export interface LongPolls {
  /** Resolves when a message may be there, or after the wait. */
  wait(waitSeconds: number): Promise<void>;
  /** To be called after each change of the line: wakes a poll, or sets the alarm for the next moment of the line. */
  update(): void;
  cancel(): void;
}

interface LongPollsDeps {
  readonly clock: Clock;
  readonly line: Pick<MessageLine, 'hasAvailable' | 'nextDueMs'>;
  /** Brings the line up to date. */
  readonly advance: () => void;
}

export function createLongPolls({ clock, line, advance }: LongPollsDeps): LongPolls {
  // Those who wait longest first.
  const waiting = new Set<() => void>();
  let alarm: { readonly atMs: number; readonly off: AbortController } | undefined;

  function update(): void {
    const [longest] = waiting;
    if (longest !== undefined && line.hasAvailable) longest();
    setAlarm(waiting.size > 0 ? line.nextDueMs() : undefined);
  }

  function setAlarm(atMs: number | undefined): void {
    if (alarm?.atMs === atMs) return;
    alarm?.off.abort();
    alarm = undefined;
    if (atMs === undefined) return;
    const off = new AbortController();
    alarm = { atMs, off };
    clock.sleep(Math.max(0, atMs - clock.nowMs()), off.signal).then(ring, () => {}); // Set off: another one is set.
  }

  function ring(): void {
    alarm = undefined;
    advance();
    update();
  }

  return {
    async wait(waitSeconds) {
      const woken = Promise.withResolvers<void>();
      const over = new AbortController();
      const wake = () => {
        waiting.delete(wake);
        over.abort();
        woken.resolve();
      };
      waiting.add(wake);
      clock.sleep(waitSeconds * 1000, over.signal).then(wake, () => {}); // Woken before.
      update();
      await woken.promise;
    },
    update,
    cancel() {
      for (const wake of [...waiting]) wake();
      setAlarm(undefined);
    },
  };
}
