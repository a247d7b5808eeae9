/** What is to happen at moments to come, the earliest first; of two at the same moment, the one that was added first. */
export interface WakeList {
  add(atMs: number, wake: () => void): WakeEntry;
  /** Undefined where nothing is to come. */
  first(): WakeEntry | undefined;
  removeFirst(): void;
  /** Without those that were cancelled. */
  readonly size: number;
  cancel(entry: WakeEntry): void;
}

export interface WakeEntry {
  readonly atMs: number;
  readonly order: number;
  readonly wake: () => void;
  isCancelled: boolean;
}

/** A binary heap: a run may have thousands of sleepers, most of which are woken before their time. */
export function createWakeList(): WakeList {
  const heap: WakeEntry[] = [];
  let order = 0;
  let size = 0;

  function dropCancelled(): void {
    while (heap[0]?.isCancelled) removeTop(heap);
  }

  return {
    add(atMs, wake) {
      order += 1;
      size += 1;
      const entry: WakeEntry = { atMs, order, wake, isCancelled: false };
      heap.push(entry);
      siftUp(heap, heap.length - 1);
      return entry;
    },
    first() {
      dropCancelled();
      return heap[0];
    },
    removeFirst() {
      dropCancelled();
      const [first] = heap;
      if (first === undefined) return;
      size -= 1;
      // Whoever cancels it later comes too late, and must not be counted.
      first.isCancelled = true;
      removeTop(heap);
    },
    cancel(entry) {
      if (entry.isCancelled) return;
      entry.isCancelled = true;
      size -= 1;
    },
    get size() {
      return size;
    },
  };
}

function removeTop(heap: WakeEntry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  siftDown(heap);
}

function siftUp(heap: WakeEntry[], from: number): void {
  let index = from;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isBefore(heap[index], heap[parent])) return;
    swap(heap, parent, index);
    index = parent;
  }
}

function siftDown(heap: WakeEntry[]): void {
  let index = 0;
  while (true) {
    const left = 2 * index + 1;
    let earliest = index;
    if (isBefore(heap[left], heap[earliest])) earliest = left;
    if (isBefore(heap[left + 1], heap[earliest])) earliest = left + 1;
    if (earliest === index) return;
    swap(heap, earliest, index);
    index = earliest;
  }
}

// Beyond the end is later than everything.
function isBefore(a: WakeEntry | undefined, b: WakeEntry | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function swap(heap: WakeEntry[], a: number, b: number): void {
  const [entryA, entryB] = [heap[a], heap[b]];
  if (entryA === undefined || entryB === undefined) return;
  heap[a] = entryB;
  heap[b] = entryA;
}
