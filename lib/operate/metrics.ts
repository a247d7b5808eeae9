import {
  type CloudWatchClient,
  GetMetricDataCommand,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch';
import { toAwsOperationError } from '../aws/failures.ts';
import type { TelemetryEventName } from '../telemetry/events.ts';

/** An event as it is counted: by the function that told it and, where it has one, by its code. */
export interface CountedEvent {
  readonly service: string;
  readonly name: TelemetryEventName;
  readonly code?: string;
}

/** Epoch ms; the end is not part of it. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface QueueGauge {
  /** The newest counts together: visible, in flight, delayed. */
  readonly messages: number;
  readonly oldestSeconds: number;
}

/** The stage's metrics. What was never published counts as nothing. */
export interface MetricReader {
  /** How often each happened within the span, to the hour, in the order given. */
  countEvents(events: readonly CountedEvent[], span: Span): Promise<readonly number[]>;
  /** The newest values within the span, in the order of the queues' names. */
  gaugeQueues(names: readonly string[], span: Span): Promise<readonly QueueGauge[]>;
}

interface CloudwatchMetricReaderDeps {
  readonly client: CloudWatchClient;
  /** Of the stage's own metrics. */
  readonly namespace: string;
}

const HOUR_SECONDS = 3600;
const FIVE_MINUTES_SECONDS = 300;

const COUNTS = [
  'ApproximateNumberOfMessagesVisible',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
];
const AGE = 'ApproximateAgeOfOldestMessage';

interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** CloudWatch's metrics. Rejects with `OperationError`. */
export function createCloudwatchMetricReader(deps: CloudwatchMetricReaderDeps): MetricReader {
  return {
    async countEvents(events, span) {
      const metrics = events.map(({ name, service, code }) => ({
        namespace: deps.namespace,
        name,
        dimensions: { service, ...(code !== undefined && { code }) },
      }));
      const values = await read(metrics, { ...span, stat: 'Sum', period: HOUR_SECONDS });
      return values.map((sums) => sums.reduce((total, sum) => total + sum, 0));
    },

    async gaugeQueues(names, span) {
      const metrics = names.flatMap((queue) => [...COUNTS, AGE].map((name) => toQueueMetric(queue, name)));
      const values = await read(metrics, { ...span, stat: 'Maximum', period: FIVE_MINUTES_SECONDS });
      const newest = values.map(([value = 0]) => value);
      return names.map((_name, index) => {
        const [visible = 0, inFlight = 0, delayed = 0, oldestSeconds = 0] = newest.slice(index * 4);
        return { messages: visible + inFlight + delayed, oldestSeconds };
      });
    },
  };

  /** The values of each metric, the newest first. */
  async function read(metrics: readonly Metric[], options: ReadOptions): Promise<number[][]> {
    const values = metrics.map((): number[] => []);
    let token: string | undefined;
    do {
      const command = toCommand(metrics, options, token);
      const page = await deps.client.send(command).catch((thrown: unknown) => {
        throw toAwsOperationError(thrown, { action: 'cloudwatch:GetMetricData', resource: '*' });
      });
      for (const { Id = '', Values = [] } of page.MetricDataResults ?? []) {
        values[Number(Id.slice(1))]?.push(...Values);
      }
      token = page.NextToken;
    } while (token !== undefined);
    return values;
  }
}

function toQueueMetric(queue: string, name: string): Metric {
  return { namespace: 'AWS/SQS', name, dimensions: { QueueName: queue } };
}

interface ReadOptions extends Span {
  readonly stat: 'Sum' | 'Maximum';
  /** Seconds. */
  readonly period: number;
}

function toCommand(metrics: readonly Metric[], { stat, period, fromMs, toMs }: ReadOptions, token?: string) {
  return new GetMetricDataCommand({
    StartTime: new Date(fromMs),
    EndTime: new Date(toMs),
    ScanBy: 'TimestampDescending',
    MetricDataQueries: metrics.map((metric, index) => toQuery(metric, { id: `m${index}`, stat, period })),
    ...(token !== undefined && { NextToken: token }),
  });
}

function toQuery(
  { namespace, name, dimensions }: Metric,
  { id, stat, period }: { id: string; stat: string; period: number },
): MetricDataQuery {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  return {
    Id: id,
    MetricStat: {
      Metric: { Namespace: namespace, MetricName: name, Dimensions },
      Period: period,
      Stat: stat,
    },
  };
}
