import { toMoment } from '../text/to-moment.ts';
import type { DaySummary, ObservedQueue } from './day-summary.ts';
import { RETENTION_SECONDS } from './observed-queues.ts';

/** The summary as a mail: a subject of at most 100 ASCII characters, as SNS wants it, and lines to read. */
export function formatDaySummary(summary: DaySummary): { readonly subject: string; readonly text: string } {
  const { stage, region, madeMs, accepted, announced, unchanged, deaths, queues } = summary;
  const dead = deaths.reduce((sum, { count }) => sum + count, 0);
  const options = `--stage ${stage}${region ? ` --region ${region}` : ''}`;
  const lines = [
    `crisp-enrich, stage ${stage}: the 24 hours to ${toMoment(madeMs) ?? '-'}`,
    '',
    `hooks accepted      ${accepted}`,
    `records announced   ${announced}`,
    `fetched, unchanged  ${unchanged}`,
    `failed for good     ${dead}`,
    ...deaths.map(({ code, count }) => `  ${code}: ${count}`),
    '',
    'waiting now',
    ...queues.map((queue) => `  ${queue.name}: ${describeQueue(queue)}`),
    `soonest expiry      ${describeExpiry(summary)}`,
    '',
    `What to do about failures: docs/errors.md and docs/runbook.md, or \`npx crisp-enrich dlq list ${options}\`.`,
  ];
  return {
    subject: `crisp-enrich ${stage}: ${accepted} in, ${announced} out, ${dead} failed`,
    text: lines.join('\n'),
  };
}

/**
 * When SQS deletes the oldest message of all queues, epoch ms; undefined where nothing waits. For `records-dlq` it is the
 * latest moment: a standard queue counts from the first send, and its metric from the move.
 */
export function toSoonestExpiry({
  madeMs,
  queues,
}: Pick<DaySummary, 'madeMs' | 'queues'>): number | undefined {
  const ages = queues.filter(({ messages }) => messages > 0).map(({ oldestSeconds }) => oldestSeconds);
  return ages.length === 0 ? undefined : madeMs + (RETENTION_SECONDS - Math.max(...ages)) * 1000;
}

function describeExpiry(summary: DaySummary): string {
  const expiry = toMoment(toSoonestExpiry(summary));
  if (expiry === undefined) return 'nothing waits';
  const isLatest = summary.queues.some(({ name, messages }) => name === 'records-dlq' && messages > 0);
  return isLatest ? `${expiry}, in records-dlq perhaps earlier` : expiry;
}

function describeQueue({ messages, oldestSeconds }: ObservedQueue): string {
  return messages === 0 ? '0' : `${messages}, the oldest for ${Math.floor(oldestSeconds / 3600)} h`;
}
