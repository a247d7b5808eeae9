import { isDeepStrictEqual } from 'node:util';
import { JobError } from '../errors.ts';
import type { SessionRef } from '../ids.ts';
import { plural } from '../text.ts';
import type { CrispApi, ListPage } from './client.ts';
import { type Typed, toTypedList } from './fields.ts';
import { type EarlierFetch, joinEarlier, reaches } from './incremental.ts';
import { createMessageMerge } from './merge.ts';
import {
  decideNextPage,
  FIRST_PAGE,
  isJoined,
  type PageWalk,
  type PagingEnd,
  summarizePage,
} from './page-walk.ts';

export interface FetchedMessages {
  /** All of them, oldest first, none twice. */
  readonly messages: readonly unknown[];
  readonly pages: number;
  readonly terminatedBy: PagingEnd;
}

interface FetchMessagesOptions {
  readonly crisp: Pick<CrispApi, 'listMessages'>;
  readonly maxPages: number;
  /** Read and written: what this walk learns about the server helps the next one. */
  readonly pagingTrust: PagingTrust;
  readonly signal?: AbortSignal | undefined;
  /** Asked only where there are more pages: with it, the walk ends where it joins the earlier messages. */
  readonly readEarlier?: (() => Promise<Pick<EarlierFetch, 'messages'> | undefined>) | undefined;
}

/**
 * Reads the messages of a conversation page by page, newest first, until nothing older can exist, or all that is older is
 * known. Throws `paging_stuck` where neither can be proven and `paging_cap_reached` after `maxPages`: part of a history is
 * never returned as the whole.
 */
export async function fetchMessages(
  session: SessionRef,
  options: FetchMessagesOptions,
): Promise<FetchedMessages> {
  const { crisp, maxPages, pagingTrust, signal } = options;
  const merge = createMessageMerge();
  let walk: PageWalk = FIRST_PAGE;
  let { readEarlier } = options;

  for (let pages = 1; pages <= maxPages; pages += 1) {
    const { messages, hasMore } = await crisp.listMessages(session, walk.beforeMs, signal);
    if (hasMore) pagingTrust.has206BeenSeen = true;
    const page = summarizePage(messages, { added: merge.add(messages), hasMore });
    const is200Trusted = pagingTrust.has206BeenSeen && !pagingTrust.has200Lied;
    const next = decideNextPage(walk, page, { is200Trusted });

    if (next.step === 'stuck') throw new JobError('paging_stuck', { hint: `after ${plural(pages, 'page')}` });
    if (next.walk.has200Lied) pagingTrust.has200Lied = true;
    if (next.step === 'end') return { messages: merge.toSorted(), pages, terminatedBy: next.terminatedBy };
    walk = next.walk;

    const earlier = isJoined(walk) ? await readEarlier?.() : undefined;
    if (earlier && reaches(page.oldestMs, earlier.messages)) {
      const joined = joinEarlier(merge.toSorted(), earlier.messages);
      if (joined) return { messages: joined, pages, terminatedBy: 'archive_overlap' };
      // What they do not agree about now, no older page makes good.
      readEarlier = undefined;
    }
  }
  throw new JobError('paging_cap_reached', { hint: `more than ${plural(maxPages, 'page')}` });
}

/**
 * What the answers to one token have shown about page statuses, for as long as the process lives. That 206 means "more"
 * and 200 means "no more" rests on one reply of a maintainer: a server that has never sent a 206 may know none.
 */
export interface PagingTrust {
  has206BeenSeen: boolean;
  /** A 200 was followed by older messages: from then on no 200 is believed. */
  has200Lied: boolean;
}

export function createPagingTrust(): PagingTrust {
  return { has206BeenSeen: false, has200Lied: false };
}

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
