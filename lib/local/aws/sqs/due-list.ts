/** Items that become due, earliest first: a binary heap, because a queue may hold a hundred thousand. */
export interface DueList<Item> {
  add(atMs: number, item: Item): void;
  /** The earliest entry, left in place. */
  first(): Due<Item> | undefined;
  removeFirst(): void;
  clear(): void;
}

export interface Due<Item> {
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
