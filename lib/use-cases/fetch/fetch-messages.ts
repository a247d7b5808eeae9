import type { PagingEnd } from '../../core/crisp/fetched-conversation.ts';
import { createMessageMerge } from '../../core/crisp/merge-messages.ts';
import { decideNextPage, FIRST_PAGE, type PageWalk } from '../../core/crisp/next-page.ts';
import { summarizePage } from '../../core/crisp/page-summary.ts';
import type { PagingTrust } from '../../core/crisp/paging-trust.ts';
import { JobError } from '../../core/errors/job-error.ts';
import type { SessionRef } from '../../core/ids.ts';
import { plural } from '../../core/text/plural.ts';
import type { CrispApi } from '../../ports/crisp-api.ts';

export interface FetchedMessages {
  /** All of them, oldest first, none twice. */
  readonly messages: readonly unknown[];
  readonly pages: number;
  readonly terminatedBy: PagingEnd;
}

export interface FetchMessagesOptions {
  readonly crisp: Pick<CrispApi, 'listMessages'>;
  readonly maxPages: number;
  /** Read and written: what this walk learns about the server helps the next one. */
  readonly pagingTrust: PagingTrust;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the messages of a conversation page by page, newest first, until nothing older can exist. Throws `paging_stuck`
 * where that cannot be proven and `paging_cap_reached` after `maxPages`: part of a history is never returned as the whole.
 */
export async function fetchMessages(
  session: SessionRef,
  options: FetchMessagesOptions,
): Promise<FetchedMessages> {
  const { crisp, maxPages, pagingTrust, signal } = options;
  const merge = createMessageMerge();
  let walk: PageWalk = FIRST_PAGE;

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
  }
  throw new JobError('paging_cap_reached', { hint: `more than ${plural(maxPages, 'page')}` });
}
