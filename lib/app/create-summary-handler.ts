import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { SNSClient } from '@aws-sdk/client-sns';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { createCloudwatchMetricReader } from '../adapters/cloudwatch-metric-reader.ts';
import { createSnsNotices } from '../adapters/sns-notices.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { createPowertoolsTelemetry } from '../adapters/telemetry/powertools-telemetry.ts';
import { createSafeTelemetry } from '../adapters/telemetry/safe-telemetry.ts';
import type { SummaryConfig } from '../core/config/config.ts';
import type { Clock } from '../ports/clock.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { createSummarizeDay } from '../use-cases/summarize-day.ts';
import { withoutForeignErrors } from './without-foreign-errors.ts';

/** What tests put in the place of AWS, and of Powertools. */
export interface SummaryDependencies {
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
  const { telemetry, middlewares } = dependencies.telemetry
    ? { telemetry: createSafeTelemetry(dependencies.telemetry, (text) => text), middlewares: [] }
    : createPowertoolsTelemetry({ service: 'summary', logLevel, namespace });
  const summarizeDay = createSummarizeDay({
    stage: config.stage,
    region: config.alarmTopicArn.split(':')[3],
    metrics: createCloudwatchMetricReader({ client: cloudwatch, namespace }),
    notices: createSnsNotices({ client: sns, topicArn: config.alarmTopicArn }),
    telemetry,
    clock: dependencies.clock ?? systemClock,
  });

  const handler = middy(async (_event: unknown): Promise<void> => void (await summarizeDay())).use(
    middlewares,
  );
  return withoutForeignErrors((event: unknown, context: Context) => handler(event, context));
}
