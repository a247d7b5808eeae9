import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MiddlewareObj } from '@middy/core';
import type { LogLevel } from '../core/config/config.ts';
import type { Telemetry, TelemetryEvent, TelemetryEventName } from '../ports/telemetry.ts';

/** CloudWatch namespace of all metrics; each is the count of one event, by service and, where there is one, by code. */
export const METRICS_NAMESPACE = 'crisp-enrich';

export interface PowertoolsTelemetry {
  readonly telemetry: Telemetry;
  /** For middy: put the invocation's ids on every line, and publish its metrics when it ends. */
  readonly middlewares: MiddlewareObj[];
}

const LEVELS: Partial<Record<TelemetryEventName, LogLevel>> = {
  'crisp-requested': 'debug',
  'hook-refused': 'warn',
  'hook-warning': 'warn',
  'job-failed': 'warn',
  'paging-untrusted': 'warn',
  'clock-suspect': 'warn',
  'bad-record': 'error',
  'ledger-unavailable': 'warn',
  'visibility-unchanged': 'warn',
};

/** Telemetry on AWS: one structured log line for each event, and its count as a CloudWatch metric. */
export function createPowertoolsTelemetry({
  service,
  logLevel,
}: {
  readonly service: string;
  readonly logLevel: LogLevel;
}): PowertoolsTelemetry {
  const logger = new Logger({ serviceName: service, logLevel });
  const metrics = new Metrics({ namespace: METRICS_NAMESPACE, serviceName: service });
  const counts = createEventCounts();

  return {
    telemetry: {
      emit(event) {
        const { name, ...fields } = event;
        logger[LEVELS[name] ?? 'info'](name, fields);
        counts.add(event);
      },
    },
    middlewares: [
      // Never the event itself, whatever a variable of the environment says: it holds what people wrote.
      injectLambdaContext(logger, { logEvent: false }),
      toPublisher(metrics, counts),
    ],
  };
}

type EventCounts = ReturnType<typeof createEventCounts>;

/** Counts events by code and name: one metrics line per code then tells of a whole invocation. */
function createEventCounts() {
  const byCode = new Map<string, Map<string, number>>();
  return {
    byCode,
    add(event: TelemetryEvent): void {
      const code = toCode(event);
      const byName = byCode.get(code) ?? new Map<string, number>();
      byCode.set(code, byName.set(event.name, (byName.get(event.name) ?? 0) + 1));
    },
  };
}

/** The part of an event that has few values: a code or a reason, without what refines it. Empty where there is none. */
function toCode(event: TelemetryEvent): string {
  const code = 'code' in event ? event.code : 'reason' in event ? event.reason : '';
  return code.split(':', 1)[0] ?? '';
}

function toPublisher(metrics: Metrics, { byCode }: EventCounts): MiddlewareObj {
  const publish = () => {
    for (const [code, byName] of byCode) {
      if (code !== '') metrics.addDimension('code', code);
      for (const [name, count] of byName) metrics.addMetric(name, MetricUnit.Count, count);
      metrics.publishStoredMetrics();
    }
    byCode.clear();
  };
  return { after: publish, onError: publish };
}
