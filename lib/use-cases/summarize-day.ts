import { JOB_ERRORS } from '../core/errors/job-error.ts';
import { OPERATED_QUEUES } from '../core/operated-stage.ts';
import type { DaySummary, DeathCount } from '../core/summary/day-summary.ts';
import { formatDaySummary, toSoonestExpiry } from '../core/summary/format-day-summary.ts';
import { toQueueNames } from '../core/summary/observed-queues.ts';
import { toMoment } from '../core/text/to-moment.ts';
import type { Clock } from '../ports/clock.ts';
import type { CountedEvent, MetricReader } from '../ports/metric-reader.ts';
import type { Notices } from '../ports/notices.ts';
import type { Telemetry } from '../ports/telemetry.ts';

export interface SummarizeDayDependencies {
  readonly stage: string;
  readonly region?: string | undefined;
  readonly metrics: MetricReader;
  readonly notices: Notices;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}

const DAY_MS = 86_400_000;
// The newest value of a queue's metrics may be a quarter of an hour late.
const RECENT_MS = 30 * 60_000;

const WORK: readonly CountedEvent[] = [
  { service: 'webhook', name: 'session-enqueued' },
  { service: 'consumer', name: 'record-emitted' },
  { service: 'consumer', name: 'record-unchanged' },
];
const CODES = Object.keys(JOB_ERRORS);
const DEATHS = CODES.map((code): CountedEvent => ({ service: 'consumer', name: 'job-dead', code }));

/** Every event whose counts a summary is made of. */
export const SUMMARIZED_EVENTS: readonly CountedEvent[] = [...WORK, ...DEATHS];

/**
 * Tells what the last day came to, to the log and to whoever hears of alarms. It reads metrics alone: to look into the
 * dead-letter queue would hide its messages from people for as long as the look lasts.
 */
export function createSummarizeDay({
  stage,
  region,
  metrics,
  notices,
  telemetry,
  clock,
}: SummarizeDayDependencies) {
  return async (): Promise<DaySummary> => {
    const madeMs = clock.nowMs();
    const [counts, gauges] = await Promise.all([
      metrics.countEvents(SUMMARIZED_EVENTS, { fromMs: madeMs - DAY_MS, toMs: madeMs }),
      metrics.gaugeQueues(toQueueNames(stage), { fromMs: madeMs - RECENT_MS, toMs: madeMs }),
    ]);
    const [accepted = 0, announced = 0, unchanged = 0, ...deaths] = counts;
    const queues = OPERATED_QUEUES.map((name, index) => {
      const { messages = 0, oldestSeconds = 0 } = gauges[index] ?? {};
      return { name, messages, oldestSeconds };
    });
    const summary = {
      stage,
      region,
      madeMs,
      accepted,
      announced,
      unchanged,
      deaths: toDeathCounts(deaths),
      queues,
    };

    telemetry.emit({ name: 'day-summarized', ...toFields(summary) });
    await notices.publish(formatDaySummary(summary));
    return summary;
  };
}

function toDeathCounts(counts: readonly number[]): DeathCount[] {
  return counts
    .map((count, index) => ({ code: CODES[index] ?? 'unexpected', count }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
}

function toFields(summary: DaySummary) {
  const { accepted, announced, unchanged, deaths, queues } = summary;
  const messagesIn = (name: string) => queues.find((queue) => queue.name === name)?.messages ?? 0;
  const expiry = toMoment(toSoonestExpiry(summary));
  return {
    accepted,
    announced,
    unchanged,
    deaths: deaths.map(({ code, count }) => `${code}: ${count}`).join(', '),
    waiting: messagesIn('sessions'),
    deadLetters: messagesIn('sessions-dlq') + messagesIn('records-dlq') + messagesIn('records-undelivered'),
    ...(expiry !== undefined && { soonestExpiry: expiry }),
  };
}
