import { plural } from '../../core/text/plural.ts';
import type { RunTotals } from './run-totals.ts';

/** One line: what came in, what it cost, what coalescing saved. */
export function formatProgress(totals: RunTotals): string {
  const { hooksQueued, hooksIgnored, messages, conversationsFetched, crispRequests, recordsEmitted } = totals;
  return (
    `total  ${plural(hooksQueued, 'hook')} (and ${hooksIgnored} ignored) → ${plural(messages, 'message')} → ` +
    `${plural(conversationsFetched, 'fetch', 'fetches')} (${plural(crispRequests, 'request')}) → ${plural(recordsEmitted, 'record')}; coalescing saved ${formatSaving(totals)}`
  );
}

/** How many fetches the queued hooks did not cost, with its share. */
export function formatSaving({ hooksQueued, messages }: RunTotals): string {
  const saved = hooksQueued - messages;
  const share = hooksQueued === 0 ? 0 : Math.round((100 * saved) / hooksQueued);
  return `${saved} of ${plural(hooksQueued, 'fetch', 'fetches')} (${share} %)`;
}
