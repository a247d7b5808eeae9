import { invalidData, listed, type Reply, refused } from './reply.ts';

interface Paging {
  readonly pageSize: number;
  readonly beyondEnd: 'empty' | 'not-found';
  readonly status?: 'honest' | 'always-200';
}

/** One page of a numbered list; pages are counted from 1. */
export function pageOf(
  items: readonly unknown[],
  page: string | undefined,
  { pageSize, beyondEnd, status = 'honest' }: Paging,
): Reply {
  if (page === undefined || !/^[1-9]\d{0,8}$/.test(page)) return invalidData('page number is not valid');
  const start = (Number(page) - 1) * pageSize;
  if (start > 0 && start >= items.length && beyondEnd === 'not-found') return refused(404, 'page_not_found');

  const hasMore = items.length > start + pageSize;
  return listed(items.slice(start, start + pageSize), { hasMore: hasMore && status === 'honest' });
}
