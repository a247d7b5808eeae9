import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOGGED_FIELDS } from '../../../lib/adapters/telemetry/logged-fields.ts';
import { createPowertoolsTelemetry } from '../../../lib/adapters/telemetry/powertools-telemetry.ts';
import { HOOK_REFUSALS } from '../../../lib/core/errors/hook-refused-error.ts';
import { JOB_ERRORS } from '../../../lib/core/errors/job-error.ts';
import type { TelemetryEvent } from '../../../lib/ports/telemetry.ts';
import { captureOutput } from '../../support/capture-output.ts';
import { type RepositoryPackage, ROOT } from '../template/package-repository.ts';
import { at, resourcesOf, type Template, toList } from '../template/template.ts';

/** A metric as CloudWatch tells metrics apart. */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/**
 * Each metric of ours that an alarm watches is published just so: by a function that emits its event, with a code that
 * there is, and with no dimension more or less.
 */
export function checkMetricsPublished(template: Template, packaged: RepositoryPackage): string[] {
  return resourcesOf(template, 'AWS::CloudWatch::Alarm').flatMap(({ id, properties }) =>
    metricsOf(properties)
      .filter((metric) => !isPublished(metric, template, packaged))
      .map(({ name }) => `${id}: nobody publishes ${name} so`),
  );
}

function metricsOf(properties: Readonly<Record<string, unknown>>): Metric[] {
  const parts = toList(properties.Metrics).map((it) => at(it, 'MetricStat', 'Metric'));
  const metrics = properties.MetricName === undefined ? parts.filter(Boolean) : [properties];
  return metrics
    .map((metric) => ({
      namespace: String(at(metric, 'Namespace')),
      name: String(at(metric, 'MetricName')),
      dimensions: Object.fromEntries(
        toList(at(metric, 'Dimensions')).map((it) => [String(at(it, 'Name')), String(at(it, 'Value'))]),
      ),
    }))
    .filter(({ namespace }) => !namespace.startsWith('AWS/'));
}

// What is published under another name than its event's.
const GAUGES = ['breaker-open', 'consumer-paused'];

/** True where a function publishes the metric under exactly this namespace, name and dimensions. */
export function isPublished(metric: Metric, template: Template, { artifacts }: RepositoryPackage): boolean {
  const { service = '', code } = metric.dimensions;
  const event = GAUGES.includes(metric.name) ? 'breaker-state' : metric.name;
  const artifact = artifacts.find(({ name }) => name === service);
  if (artifact === undefined || !isEmittedBy(event, artifact.inputs)) return false;
  if (code !== undefined && !(code in HOOK_REFUSALS) && !(code in JOB_ERRORS)) return false;
  return publish(event, { service, namespace: namespaceOf(service, template), code }).some((it) =>
    isSame(it, metric),
  );
}

function isEmittedBy(event: string, inputs: readonly string[]): boolean {
  return inputs
    .filter((path) => path.startsWith('lib/use-cases/') || path.startsWith('lib/app/'))
    .some((path) => readFileSync(join(ROOT, path), 'utf8').includes(`name: '${event}'`));
}

function namespaceOf(service: string, template: Template): string {
  const id = `${service.charAt(0).toUpperCase()}${service.slice(1)}LambdaFunction`;
  return String(at(template.Resources, id, 'Properties', 'Environment', 'Variables', 'METRICS_NAMESPACE'));
}

/** What the functions' own telemetry publishes for an event. */
function publish(
  name: string,
  {
    service,
    namespace,
    code = 'some_code',
  }: { service: string; namespace: string; code: string | undefined },
): Metric[] {
  const output = captureOutput();
  const { telemetry, middlewares } = createPowertoolsTelemetry({ service, namespace, logLevel: 'error' });
  const codes = ['code', 'reason'].filter((field) => at(LOGGED_FIELDS, name, field) !== undefined);
  // The counts look at nothing but name, code and reason, and at the breaker's two states.
  const event = {
    name,
    isOpen: true,
    isPaused: false,
    ...Object.fromEntries(codes.map((field) => [field, code])),
  } as TelemetryEvent;
  telemetry.emit(event);
  // The publisher does not look at the invocation.
  for (const { after } of middlewares) after?.({ event: {}, context: {} } as never);
  return output
    .lines()
    .map((line): unknown => JSON.parse(line))
    .flatMap(toMetrics);
}

function toMetrics(document: unknown): Metric[] {
  return toList(at(document, '_aws', 'CloudWatchMetrics')).flatMap((directive) =>
    toList(at(directive, 'Dimensions')).flatMap((names) =>
      toList(at(directive, 'Metrics')).map((metric) => ({
        namespace: String(at(directive, 'Namespace')),
        name: String(at(metric, 'Name')),
        dimensions: Object.fromEntries(toList(names).map((key) => [key, String(at(document, String(key)))])),
      })),
    ),
  );
}

function isSame(a: Metric, b: Metric): boolean {
  const toText = ({ namespace, name, dimensions }: Metric) =>
    JSON.stringify([namespace, name, Object.entries(dimensions).sort()]);
  return toText(a) === toText(b);
}
