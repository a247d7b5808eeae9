import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { toAwsOperationError } from '../aws/failures.ts';
import { QUEUE_NUMBERS, STAGE_QUEUE_NAMES, type StageQueue, toQueueName } from '../aws/queues.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { SummaryConfig } from '../config/config.ts';
import { loadSummaryConfig } from '../config/load.ts';
import { startFunction, withoutForeignErrors } from '../config/start-function.ts';
import { JOB_ERRORS } from '../errors.ts';
import type { Telemetry } from '../telemetry/events.ts';
import { createFunctionTelemetry } from '../telemetry/logger.ts';
import { toMoment } from '../text.ts';
import { type CountedEvent, createCloudwatchMetricReader, type MetricReader } from './metrics.ts';

/** Where those hear of the stage who hear of its alarms. */
interface Notices {
  publish(notice: { readonly subject: string; readonly text: string }): Promise<void>;
}

/** The summary of this process's environment; a wrong configuration ends the function at its start, and says why. */
export function startSummary() {
  return startFunction(() => createSummaryHandler(loadSummaryConfig()));
}

/** What tests put in the place of AWS, and of Powertools. */
interface SummaryDependencies {
  readonly cloudwatch?: CloudWatchClient;
  readonly sns?: SNSClient;
  readonly clock?: Clock;
  readonly telemetry?: Telemetry;
}

// Nobody waits for a summary.
const TIMES = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 2000, requestTimeout: 10_000, throwOnRequestTimeout: true },
};

/** The summary function: one summary an invocation, whatever the event says. */
export function createSummaryHandler(config: SummaryConfig, dependencies: SummaryDependencies = {}) {
  const { cloudwatch = new CloudWatchClient(TIMES), sns = new SNSClient(TIMES) } = dependencies;
  const { logLevel, metricsNamespace: namespace } = config;
  const { telemetry, middlewares } = createFunctionTelemetry(dependencies.telemetry, {
    service: 'summary',
    logLevel,
    namespace,
  });
  const context: SummaryContext = {
    stage: config.stage,
    region: config.alarmTopicArn.split(':')[3],
    metrics: createCloudwatchMetricReader({ client: cloudwatch, namespace }),
    notices: createSnsNotices({ client: sns, topicArn: config.alarmTopicArn }),
    telemetry,
    clock: dependencies.clock ?? systemClock,
  };

  const handler = middy(async (_event: unknown): Promise<void> => void (await summarizeDay(context))).use(
    middlewares,
  );
  return withoutForeignErrors((event: unknown, context: Context) => handler(event, context));
}

interface SummaryContext {
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
export async function summarizeDay(context: SummaryContext): Promise<DaySummary> {
  const { stage, region, metrics, notices, telemetry, clock } = context;
  const madeMs = clock.nowMs();
  const [counts, gauges] = await Promise.all([
    metrics.countEvents(SUMMARIZED_EVENTS, { fromMs: madeMs - DAY_MS, toMs: madeMs }),
    metrics.gaugeQueues(toQueueNames(stage), { fromMs: madeMs - RECENT_MS, toMs: madeMs }),
  ]);
  const [accepted = 0, announced = 0, unchanged = 0, ...deaths] = counts;
  const queues = STAGE_QUEUE_NAMES.map((name, index) => {
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
  return ages.length === 0 ? undefined : madeMs + (QUEUE_NUMBERS.retentionSeconds - Math.max(...ages)) * 1000;
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

/** The names of all queues of a stage, in the order of `STAGE_QUEUE_NAMES`. */
export function toQueueNames(stage: string): string[] {
  return STAGE_QUEUE_NAMES.map((name) => toQueueName(stage, name));
}

interface SnsNoticesDeps {
  readonly client: SNSClient;
  readonly topicArn: string;
}

/** The alarm topic: whoever subscribed to it gets the text as a mail. Rejects with `OperationError`. */
function createSnsNotices({ client, topicArn }: SnsNoticesDeps): Notices {
  return {
    async publish({ subject, text }) {
      const command = new PublishCommand({ TopicArn: topicArn, Subject: subject, Message: text });
      await client.send(command).catch((thrown: unknown) => {
        throw toAwsOperationError(thrown, { action: 'sns:Publish', resource: topicArn });
      });
    },
  };
}

/** What a day came to, in numbers and codes: nothing of it says anything about a person. */
export interface DaySummary {
  readonly stage: string;
  /** For the commands that the mail names; undefined: left out of them. */
  readonly region?: string | undefined;
  /** Epoch ms: when it was made; it looks back a day from there. */
  readonly madeMs: number;
  /** Hooks that were answered with 202. */
  readonly accepted: number;
  /** Records that went to the topic. */
  readonly announced: number;
  /** Fetches that found nothing new. */
  readonly unchanged: number;
  /** Jobs that failed for good on that day, by code, the most frequent first. */
  readonly deaths: readonly DeathCount[];
  readonly queues: readonly ObservedQueue[];
}

interface DeathCount {
  readonly code: string;
  readonly count: number;
}

interface ObservedQueue {
  readonly name: StageQueue;
  /** In it at the moment, in flight and delayed ones included, as far as SQS tells. */
  readonly messages: number;
  /** Of the oldest message; 0 where there is none. */
  readonly oldestSeconds: number;
}
