import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MiddlewareObj } from '@middy/core';
import type { LogLevel } from '../../core/config/config.ts';
import type { Telemetry, TelemetryEvent, TelemetryEventName } from '../../ports/telemetry.ts';
import { createSafeTelemetry } from './safe-telemetry.ts';

export interface PowertoolsTelemetry {
  readonly telemetry: Telemetry;
  /** For middy: put the invocation's ids on every line, and publish its metrics when it ends. */
  readonly middlewares: MiddlewareObj[];
}

export interface PowertoolsTelemetryOptions {
  readonly service: string;
  readonly logLevel: LogLevel;
  /** CloudWatch namespace of the metrics. Two stages must not share one: no dimension names the stage. */
  readonly namespace: string;
  /** The last look at every text: takes out the secrets that the function has read. */
  readonly redact?: (text: string) => string;
}

const LEVELS: Partial<Record<TelemetryEventName, LogLevel>> = {
  'crisp-requested': 'debug',
  'hook-refused': 'warn',
  'hook-warning': 'warn',
  'job-failed': 'warn',
  'job-dead': 'error',
  'paging-untrusted': 'warn',
  'clock-suspect': 'warn',
  'bad-record': 'error',
  'ledger-unavailable': 'warn',
  'visibility-unchanged': 'warn',
  'breaker-opened': 'error',
  'breaker-closed': 'warn',
  'breaker-state': 'debug',
  'breaker-unchanged': 'error',
};

/**
 * Telemetry on AWS: one structured log line for each event, with its listed fields alone, and its count as a metric, by
 * service and, where there is one, by code. But for the breaker's state: 0 or 1, by service alone. An alarm has to name
 * every dimension.
 */
export function createPowertoolsTelemetry({
  service,
  logLevel,
  namespace,
  redact = (text) => text,
}: PowertoolsTelemetryOptions): PowertoolsTelemetry {
  const logger = new Logger({ serviceName: service, logLevel });
  const metrics = new Metrics({ namespace, serviceName: service });
  const counts = createEventCounts();

  return {
    telemetry: createSafeTelemetry({ emit }, redact),
    middlewares: [
      // Never the event itself, whatever a variable of the environment says: it holds what people wrote.
      injectLambdaContext(logger, { logEvent: false }),
      toPublisher(metrics, counts),
    ],
  };

  function emit(event: TelemetryEvent): void {
    const { name, ...fields } = event;
    logger[LEVELS[name] ?? 'info'](name, fields);
    counts.add(event);
  }
}

type EventCounts = ReturnType<typeof createEventCounts>;

/** Counts events by code and name: one metrics line per code then tells of a whole invocation. */
function createEventCounts() {
  const byCode = new Map<string, Map<string, number>>();
  const gauges = new Map<string, number>();
  return {
    byCode,
    gauges,
    add(event: TelemetryEvent): void {
      if (event.name === 'breaker-state') {
        gauges.set('breaker-open', Number(event.isOpen)).set('consumer-paused', Number(event.isPaused));
        return;
      }
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

function toPublisher(metrics: Metrics, { byCode, gauges }: EventCounts): MiddlewareObj {
  const publish = () => {
    for (const [name, value] of gauges) metrics.addMetric(name, MetricUnit.Count, value);
    if (gauges.size > 0) metrics.publishStoredMetrics();
    gauges.clear();
    for (const [code, byName] of byCode) {
      if (code !== '') metrics.addDimension('code', code);
      for (const [name, count] of byName) metrics.addMetric(name, MetricUnit.Count, count);
      metrics.publishStoredMetrics();
    }
    byCode.clear();
  };
  return { after: publish, onError: publish };
}
