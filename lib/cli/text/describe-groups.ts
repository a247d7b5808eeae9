import type { DeadLetterGroup } from '../../core/dead-letter/dead-letter-groups.ts';
import { formatDuration } from './format-duration.ts';
import { formatRow } from './format-row.ts';

const COLUMNS = [28, 7, 10];

/** The table of codes; empty where there are none. */
export function describeGroups(groups: readonly DeadLetterGroup[], nowMs: number): string {
  if (groups.length === 0) return '';
  const rows = groups.map(({ code, count, oldestMs, expiresMs }) => [
    code,
    String(count),
    formatDuration(oldestMs === undefined ? undefined : nowMs - oldestMs),
    formatDuration(expiresMs === undefined ? undefined : expiresMs - nowMs),
  ]);
  return [['CODE', 'COUNT', 'OLDEST', 'FIRST EXPIRES IN'], ...rows]
    .map((cells) => formatRow(cells, COLUMNS))
    .join('');
}
