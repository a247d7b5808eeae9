import { isDeepStrictEqual } from 'node:util';
import { type Typed, toTypedList } from '../../core/crisp/typed.ts';
import { JobError } from '../../core/errors/job-error.ts';
import { plural } from '../../core/text/plural.ts';
import type { ListPage } from '../../ports/crisp-api.ts';

/**
 * Reads a list whose pages are numbered from 1: 206 means that more follow, 200 or an empty page is the end. Throws
 * `paging_stuck` where a page repeats the one before it, and `paging_cap_reached` after `maxPages`. What is no list ends it,
 * and is set aside under the record's `path`.
 */
export async function fetchNumberedList(
  readPage: (page: number) => Promise<ListPage>,
  { path, maxPages }: { readonly path: string; readonly maxPages: number },
): Promise<Typed<readonly unknown[]>> {
  const all: unknown[] = [];
  let previous: readonly unknown[] = [];

  for (let page = 1; page <= maxPages; page += 1) {
    const { items: data, hasMore } = await readPage(page);
    const { value: items, oddFields } = toTypedList(path, data);
    if (items === undefined) return { value: all, oddFields };
    // A server that ignores the page number would otherwise cost `maxPages` requests of the day's quota.
    if (items.length > 0 && isDeepStrictEqual(items, previous)) {
      throw new JobError('paging_stuck', { hint: `page ${page} repeats the one before` });
    }
    all.push(...items);
    if (!hasMore || items.length === 0) return { value: all, oddFields };
    previous = items;
  }
  throw new JobError('paging_cap_reached', { hint: `more than ${plural(maxPages, 'page')}` });
}
