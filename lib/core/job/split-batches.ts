/** SQS: entries of one batch. */
export const MAX_BATCH_ENTRIES = 10;

/** SQS: bytes of one batch, and of one message. */
export const MAX_BATCH_BYTES = 1024 * 1024;

/**
 * Splits items into batches in their order: at most ten each, at most 1 MiB together. An item that is too large for any
 * batch has one of its own, which SQS then refuses by name.
 */
export function splitBatches<Item>(items: readonly Item[], bytesOf: (item: Item) => number): Item[][] {
  const batches: Item[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    const batch = batches.at(-1);
    if (batch === undefined || batch.length === MAX_BATCH_ENTRIES || bytes + size > MAX_BATCH_BYTES) {
      batches.push([item]);
      bytes = size;
    } else {
      batch.push(item);
      bytes += size;
    }
  }
  return batches;
}
