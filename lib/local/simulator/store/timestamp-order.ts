interface Stamped {
  readonly timestamp: number;
}

/** Index of the first item whose timestamp is at least `timestamp`; the length where there is none. */
export function indexAtOrAfter(items: readonly Stamped[], timestamp: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle]?.timestamp ?? Number.POSITIVE_INFINITY) < timestamp) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts an item behind all that are not younger: equal timestamps keep the order of arrival. */
export function insertByTimestamp<Item extends Stamped>(items: Item[], item: Item): void {
  items.splice(indexAtOrAfter(items, item.timestamp + 1), 0, item);
}
