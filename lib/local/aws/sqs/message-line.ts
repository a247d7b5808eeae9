import type { SqsMessage } from '../fauxqs-internals.ts';

/** A message at its place in the line. */
export interface LineEntry {
  readonly message: SqsMessage;
  /** Messages of one group are received in this order, also after they came back. */
  readonly order: number;
  readonly group: string;
}

/** A message in flight, in the shape in which fauxqs looks it up by its receipt handle. */
export interface HeldEntry {
  readonly message: SqsMessage;
  readonly receiptHandle: string;
  readonly visibilityDeadline: number;
  readonly entry: LineEntry;
}

/**
 * The messages of one queue: waiting, delayed, in flight. A group with a message in flight is locked. A standard queue is
 * one in which every message is a group of its own. Every operation costs the same however long the line is, but for the
 * length of one group and a logarithm.
 */
export interface MessageLine {
  readonly held: ReadonlyMap<string, HeldEntry>;
  readonly waitingCount: number;
  readonly delayedCount: number;
  readonly hasAvailable: boolean;
  add(entry: LineEntry, availableAtMs: number, nowMs: number): void;
  /** Frees what is due by now: delays that ended, visibility that ran out. Returns the messages that came back. */
  advance(nowMs: number): readonly SqsMessage[];
  /** When the next delay or visibility ends. */
  nextDueMs(): number | undefined;
  /**
   * Takes up to `maximum` messages, as many as possible of one group before the next. `keep` says of each whether it
   * stays in flight (its handle and deadline) or has left the line.
   */
  take(maximum: number, keep: (entry: LineEntry) => Hold | undefined): void;
  hold(entry: LineEntry, hold: Hold): void;
  /** Removes a message that is in flight. */
  remove(receiptHandle: string): LineEntry | undefined;
  /** Makes a message that is in flight available again. */
  release(receiptHandle: string): void;
  /** Gives all delayed messages another moment. */
  redelay(toAvailableMs: (message: SqsMessage) => number): void;
  waiting(): readonly SqsMessage[];
  delayed(): readonly SqsMessage[];
  clear(): void;
}

export interface Hold {
  readonly receiptHandle: string;
  readonly untilMs: number;
}

interface Group {
  readonly name: string;
  readonly waiting: LineEntry[];
  held: number;
}

interface DelayedEntry {
  readonly entry: LineEntry;
  readonly availableAtMs: number;
}

type DueItem = { readonly delayed: string } | { readonly held: string };

export function createMessageLine(): MessageLine {
  const groups = new Map<string, Group>();
  // Groups that may be received now; the one at the front has been there longest.
  const available = new Set<Group>();
  const delayed = new Map<string, DelayedEntry>();
  const held = new Map<string, HeldEntry>();
  const due = createDueList<DueItem>();
  let waitingCount = 0;

  function findGroup(name: string): Group {
    const group = groups.get(name) ?? { name, waiting: [], held: 0 };
    groups.set(name, group);
    return group;
  }

  function updateAvailability(group: Group): void {
    if (group.waiting.length > 0 && group.held === 0) available.add(group);
    else available.delete(group);
    if (group.waiting.length === 0 && group.held === 0) groups.delete(group.name);
  }

  function wait(entry: LineEntry): void {
    const group = findGroup(entry.group);
    const after = group.waiting.findLastIndex((other) => other.order < entry.order);
    group.waiting.splice(after + 1, 0, entry);
    waitingCount += 1;
    updateAvailability(group);
  }

  function delay(entry: LineEntry, availableAtMs: number): void {
    delayed.set(entry.message.messageId, { entry, availableAtMs });
    due.add(availableAtMs, { delayed: entry.message.messageId });
  }

  function hold(entry: LineEntry, { receiptHandle, untilMs }: Hold): void {
    const { message } = entry;
    if (!held.has(receiptHandle)) findGroup(entry.group).held += 1;
    held.set(receiptHandle, { message, receiptHandle, visibilityDeadline: untilMs, entry });
    due.add(untilMs, { held: receiptHandle });
    updateAvailability(findGroup(entry.group));
  }

  function remove(receiptHandle: string): LineEntry | undefined {
    const entry = held.get(receiptHandle)?.entry;
    if (entry === undefined) return undefined;
    held.delete(receiptHandle);
    const group = findGroup(entry.group);
    group.held -= 1;
    updateAvailability(group);
    return entry;
  }

  function release(receiptHandle: string): void {
    const entry = remove(receiptHandle);
    if (entry !== undefined) wait(entry);
  }

  // Entries of the heap that were overtaken by a change are only recognised when they come up.
  function isStale(item: DueItem, atMs: number): boolean {
    if ('delayed' in item) return delayed.get(item.delayed)?.availableAtMs !== atMs;
    return held.get(item.held)?.visibilityDeadline !== atMs;
  }

  function nextDueMs(): number | undefined {
    for (let next = due.first(); next !== undefined; next = due.first()) {
      if (!isStale(next.item, next.atMs)) return next.atMs;
      due.removeFirst();
    }
    return undefined;
  }

  function endDelay(messageId: string): void {
    const entry = delayed.get(messageId)?.entry;
    delayed.delete(messageId);
    if (entry !== undefined) wait(entry);
  }

  function advance(nowMs: number): readonly SqsMessage[] {
    const returned: SqsMessage[] = [];
    for (let atMs = nextDueMs(); atMs !== undefined && atMs <= nowMs; atMs = nextDueMs()) {
      const item = due.first()?.item;
      due.removeFirst();
      if (item === undefined) break;
      if ('delayed' in item) {
        endDelay(item.delayed);
        continue;
      }
      const message = held.get(item.held)?.message;
      if (message !== undefined) returned.push(message);
      release(item.held);
    }
    return returned;
  }

  function take(maximum: number, keep: (entry: LineEntry) => Hold | undefined): void {
    let taken = 0;
    for (const group of [...firstOf(available, maximum)]) {
      while (taken < maximum) {
        const [entry] = group.waiting;
        if (entry === undefined) break;
        const kept = keep(entry);
        group.waiting.shift();
        waitingCount -= 1;
        if (kept === undefined) continue;
        hold(entry, kept);
        taken += 1;
      }
      updateAvailability(group);
      if (taken === maximum) return;
    }
    // Groups whose messages all left the line (dead letters) made room for others.
    if (available.size > 0 && taken < maximum) take(maximum - taken, keep);
  }

  return {
    held,
    get waitingCount() {
      return waitingCount;
    },
    get delayedCount() {
      return delayed.size;
    },
    get hasAvailable() {
      return available.size > 0;
    },
    add(entry, availableAtMs, nowMs) {
      if (availableAtMs > nowMs) delay(entry, availableAtMs);
      else wait(entry);
    },
    advance,
    nextDueMs,
    take,
    hold,
    remove,
    release,
    redelay(toAvailableMs) {
      for (const { entry } of [...delayed.values()]) delay(entry, toAvailableMs(entry.message));
    },
    waiting: () => [...groups.values()].flatMap(({ waiting }) => waiting.map(({ message }) => message)),
    delayed: () => [...delayed.values()].map(({ entry }) => entry.message),
    clear() {
      groups.clear();
      available.clear();
      delayed.clear();
      held.clear();
      due.clear();
      waitingCount = 0;
    },
  };
}

function* firstOf<Item>(items: Iterable<Item>, maximum: number): Generator<Item> {
  let count = 0;
  for (const item of items) {
    if (count === maximum) return;
    count += 1;
    yield item;
  }
}

/** Items that become due, earliest first: a binary heap, because a queue may hold a hundred thousand. */
interface DueList<Item> {
  add(atMs: number, item: Item): void;
  /** The earliest entry, left in place. */
  first(): Due<Item> | undefined;
  removeFirst(): void;
  clear(): void;
}

interface Due<Item> {
  readonly atMs: number;
  readonly item: Item;
}

export function createDueList<Item>(): DueList<Item> {
  const heap: Due<Item>[] = [];

  return {
    add(atMs, item) {
      heap.push({ atMs, item });
      siftUp(heap);
    },
    first: () => heap[0],
    removeFirst() {
      const last = heap.pop();
      if (last === undefined || heap.length === 0) return;
      heap[0] = last;
      siftDown(heap);
    },
    clear() {
      heap.length = 0;
    },
  };
}

function siftUp(heap: Due<unknown>[]): void {
  let index = heap.length - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (atMs(heap, parent) <= atMs(heap, index)) return;
    swap(heap, parent, index);
    index = parent;
  }
}

function siftDown(heap: Due<unknown>[]): void {
  let index = 0;
  while (true) {
    const left = 2 * index + 1;
    const right = left + 1;
    let smallest = index;
    if (atMs(heap, left) < atMs(heap, smallest)) smallest = left;
    if (atMs(heap, right) < atMs(heap, smallest)) smallest = right;
    if (smallest === index) return;
    swap(heap, smallest, index);
    index = smallest;
  }
}

// Beyond the end is later than everything.
function atMs(heap: readonly Due<unknown>[], index: number): number {
  return heap[index]?.atMs ?? Number.POSITIVE_INFINITY;
}

function swap(heap: Due<unknown>[], a: number, b: number): void {
  const [atA, atB] = [heap[a], heap[b]];
  if (atA === undefined || atB === undefined) return;
  heap[a] = atB;
  heap[b] = atA;
}
