import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { MiddlewareObj } from '@middy/core';
import { type Clock, systemClock } from '../clock.ts';
import { clipReason } from '../text.ts';
import { EVENTS, type LogLevel, type Telemetry, type TelemetryEvent } from './events.ts';

interface PowertoolsTelemetry {
  readonly telemetry: Telemetry;
  /** For middy: put the invocation's ids on every line, and publish its metrics when it ends. */
  readonly middlewares: MiddlewareObj[];
}

interface PowertoolsTelemetryOptions {
  readonly service: string;
  readonly logLevel: LogLevel;
  /** CloudWatch namespace of the metrics. Two stages must not share one: no dimension names the stage. */
  readonly namespace: string;
  /** The last look at every text: takes out the secrets that the function has read. */
  readonly redact?: (text: string) => string;
  readonly clock?: Clock;
}

/**
 * Telemetry on AWS: one structured log line for each event, with the fields of its event alone, and its count as a metric, by
 * service and, where there is one, by code. Refused hooks are counted in full, but logged in part where they are many: a
 * flood costs no line for each. But for the breaker's state: 0 or 1, by service alone. An alarm has to name
 * every dimension.
 */
export function createPowertoolsTelemetry({
  service,
  logLevel,
  namespace,
  redact = (text) => text,
  clock = systemClock,
}: PowertoolsTelemetryOptions): PowertoolsTelemetry {
  const logger = new Logger({ serviceName: service, logLevel });
  const metrics = new Metrics({ namespace, serviceName: service });
  const counts = createEventCounts();
  const refusals = createRefusalSample(clock);

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
    counts.add(event);
    const unlogged = isFromAnyone(event) ? refusals.take() : 0;
    if (unlogged === undefined) return;
    logger[EVENTS[name].level](name, { ...fields, ...(unlogged > 0 && { unlogged }) });
  }
}

/** The telemetry of a function: that of Powertools, or `given`, which local mode and tests put in its place. */
export function createFunctionTelemetry(
  given: Telemetry | undefined,
  options: PowertoolsTelemetryOptions,
): PowertoolsTelemetry {
  if (!given) return createPowertoolsTelemetry(options);
  const { redact = (text) => text } = options;
  return { telemetry: createSafeTelemetry(given, redact), middlewares: [] };
}

/** True for a refusal that whoever knows the URL can cause at will; the others happen to genuine hooks alone. */
function isFromAnyone(event: TelemetryEvent): boolean {
  if (event.name === 'api-refused') return event.status < 500;
  return event.name === 'hook-refused' && !OF_GENUINE_HOOKS.has(event.code);
}

const OF_GENUINE_HOOKS: ReadonlySet<string> = new Set([
  'queue_unavailable',
  'ledger_unavailable',
  'unexpected',
]);

const LOGGED_A_MINUTE = 100;
const THEN_ONE_IN = 100;

/** The first hundred in a minute are logged, and then one in a hundred. */
function createRefusalSample(clock: Clock) {
  let minute = Number.NaN;
  let seen = 0;
  let unlogged = 0;

  return {
    /** How many before this one were not logged; undefined where this one is not either. */
    take(): number | undefined {
      const now = Math.floor(clock.nowMs() / 60_000);
      if (now !== minute) [minute, seen] = [now, 0];
      seen += 1;
      if (seen > LOGGED_A_MINUTE && seen % THEN_ONE_IN !== 0) {
        unlogged += 1;
        return undefined;
      }
      const before = unlogged;
      unlogged = 0;
      return before;
    },
  };
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

/**
 * Passes on of each event its listed fields alone, and of these only texts, numbers and truth values; texts in at most
 * 2 KB, with nothing invisible in them, and without what `redact` takes out.
 */
export function createSafeTelemetry(telemetry: Telemetry, redact: (text: string) => string): Telemetry {
  return {
    emit(event) {
      const safe: Record<string, unknown> = { name: event.name };
      for (const field in EVENTS[event.name].fields) {
        const value = toSafeValue(Reflect.get(event, field), redact);
        if (value !== undefined) safe[field] = value;
      }
      // The same event: a field keeps its type, or, where its value was none of it, is left out.
      telemetry.emit(safe as unknown as TelemetryEvent);
    },
  };
}

function toSafeValue(value: unknown, redact: (text: string) => string) {
  switch (typeof value) {
    case 'string':
      return clipReason(redact(value));
    case 'number':
    case 'boolean':
      return value;
    default:
      return value === null ? null : undefined;
  }
}
