import { isDeepStrictEqual } from 'node:util';
import { JobError } from '../../core/errors/job-error.ts';
import type { ListPage } from '../../ports/crisp-api.ts';

/**
 * Reads a list whose pages are numbered from 1: 206 means that more follow, 200 or an empty page is the end. Throws
 * `paging_stuck` where a page repeats the one before it, and `paging_cap_reached` after `maxPages`.
 */
export async function fetchNumberedList(
  readPage: (page: number) => Promise<ListPage>,
  maxPages: number,
): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  let previous: readonly unknown[] = [];

  for (let page = 1; page <= maxPages; page += 1) {
    const { items, hasMore } = await readPage(page);
    // A server that ignores the page number would otherwise cost `maxPages` requests of the day's quota.
    if (items.length > 0 && isDeepStrictEqual(items, previous)) {
      throw new JobError('paging_stuck', { hint: `page ${page} repeats the one before` });
    }
    all.push(...items);
    if (!hasMore || items.length === 0) return all;
    previous = items;
  }
  throw new JobError('paging_cap_reached', { hint: `more than ${maxPages} pages` });
}
