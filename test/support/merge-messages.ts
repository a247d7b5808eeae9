import { createMessageMerge } from '../../lib/core/crisp/merge-messages.ts';

/** The messages of all pages, added in the order in which they are given. */
export function mergeMessages(pages: readonly (readonly unknown[])[]): unknown[] {
  const merge = createMessageMerge();
  for (const page of pages) merge.add(page);
  return merge.toSorted();
}
