import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JOB_ERRORS } from '../../../lib/errors.ts';
import { EVENTS, type TelemetryEvent } from '../../../lib/telemetry/events.ts';
import { createPowertoolsTelemetry } from '../../../lib/telemetry/logger.ts';
import { HOOK_REFUSALS } from '../../../lib/webhook/refusal.ts';
import { captureOutput } from '../../support/cli.ts';
import {
  at,
  type RepositoryPackage,
  ROOT,
  resourcesOf,
  set,
  type Template,
  type TemplateRule,
  targetOf,
  toList,
} from '../template.ts';

const REFERENCE = /\$\{(\w+)(?:\.\w+)?\}/g;
const SEARCHED = /^SEARCH\('\{([^,]+),service,code\} MetricName="([\w-]+)"', 'Sum', 300\)$/;

// What is published under another name than its event's.
const GAUGES = ['breaker-open', 'consumer-paused'];

// What Logs Insights and Powertools' logger add, the words of the language, and the names that a query gives itself.
const EVERYWHERE = ['@timestamp', 'message', 'service'];

const OWN_NAMES = /\bas (\w+)/g;

const WORDS =
  /\b(?:fields|filter|sort|stats|limit|count_distinct|count|sum|coalesce|max|asc|desc|like|in|by|as \w+)\b/g;

/** What must hold for what people look at. */
export const VIEW_RULES: readonly TemplateRule[] = [
  {
    title: 'the dashboard shows what is published, of resources that there are',
    check: checkDashboard,
    breaches: [
      replaceInDashboard('session-enqueued', 'session-accepted'),
      replaceInDashboard('"probe"', '"consumer"'),
      replaceInDashboard('MetricName=\\"job-failed\\"', 'MetricName=\\"record-emitted\\"'),
      replaceInDashboard('crisp-enrich/test', 'crisp-enrich'),
      replaceInDashboard('SessionsDeadLetterQueue.QueueName', 'SessionsDlq.QueueName'),
      replaceInDashboard('"widgets": [', '"widgets": '),
    ],
  },
  {
    title: 'saved queries ask logs that there are for fields that are logged',
    check: checkQueries,
    breaches: [
      set(['FailuresQuery', 'LogGroupNames', 0, 'Ref'], 'WorkerLogGroup'),
      set(['FailuresQuery', 'QueryString'], 'stats count(*) as jobs by errorCode'),
      set(['FailuresQuery', 'QueryString'], 'filter message = "job-broken"'),
    ],
  },
];

function replaceInDashboard(search: string, replacement: string) {
  return (template: Template) => {
    const body = String(at(template.Resources, 'Dashboard', 'Properties', 'DashboardBody', 'Fn::Sub'));
    if (!body.includes(search)) throw new Error(`The dashboard has no ${search}`);
    set(['Dashboard', 'DashboardBody', 'Fn::Sub'], body.replaceAll(search, replacement))(template);
  };
}

/** The dashboard is JSON; its metrics are published, its queues and functions exist. */
function checkDashboard(template: Template, packaged: RepositoryPackage): string[] {
  return resourcesOf(template, 'AWS::CloudWatch::Dashboard').flatMap(({ properties }) => {
    const text = String(at(properties.DashboardBody, 'Fn::Sub'));
    const missing = [...text.matchAll(REFERENCE)]
      .map(([, id = '']) => id)
      .filter((id) => id !== 'AWS' && template.Resources[id] === undefined)
      .map((id) => `the dashboard shows ${id}, which there is not`);
    const rows = readRows(text);
    if (rows === undefined) return [...missing, 'the dashboard is not JSON'];
    return [
      ...missing,
      ...rows
        .filter((row) => !toWidgetMetrics(row).some((metric) => isKnown(metric, template, packaged)))
        .map((row) => `the dashboard shows ${JSON.stringify(row)}, which nobody publishes`),
    ];
  });
}

function readRows(text: string): unknown[] | undefined {
  try {
    const widgets = toList(at(JSON.parse(text), 'widgets'));
    return widgets.flatMap((widget) => toList(at(widget, 'properties', 'metrics')));
  } catch {
    return undefined;
  }
}

/** What a row of a widget may stand for: a metric, or those that a search by code finds. */
function toWidgetMetrics(row: unknown): Metric[] {
  const [namespace = '', name = '', dimension = '', value = ''] = toList(row).map(String);
  const expression = at(row, 0, 'expression');
  if (expression === undefined) return [{ namespace, name, dimensions: { [dimension]: value } }];
  const [, searched = '', found = ''] = SEARCHED.exec(String(expression)) ?? [];
  return ['webhook', 'consumer'].map((service) => ({
    namespace: searched,
    name: found,
    dimensions: { service, code: 'unexpected' },
  }));
}

function isKnown(metric: Metric, template: Template, packaged: RepositoryPackage): boolean {
  const { namespace, dimensions } = metric;
  if (namespace === 'AWS/SQS') return /^\$\{\w+Queue\.QueueName\}$/.test(dimensions.QueueName ?? '');
  if (namespace === 'AWS/Lambda') return /^\$\{\w+LambdaFunction\}$/.test(dimensions.FunctionName ?? '');
  return isPublished(metric, template, packaged);
}

/** Each query asks log groups of the stack, for events and fields that are logged. */
function checkQueries(template: Template): string[] {
  const fields = new Set([
    ...EVERYWHERE,
    ...Object.values(EVENTS).flatMap(({ fields }) => Object.keys(fields)),
  ]);
  return resourcesOf(template, 'AWS::Logs::QueryDefinition').flatMap(({ id, properties }) => {
    const text = String(properties.QueryString);
    const ownNames = [...text.matchAll(OWN_NAMES)].map(([, name]) => name);
    const events = [...text.matchAll(/"([a-z]+-[a-z-]+)"/g)].map(([, event = '']) => event);
    const names =
      text
        .replace(/"[^"]*"|\/[^/\n]*\//g, ' ')
        .replace(WORDS, ' ')
        .match(/@?[a-z]\w*/gi) ?? [];
    const groups = toList(properties.LogGroupNames).map((group) => targetOf(group) ?? '');
    return [
      ...names
        .filter((name) => !fields.has(name) && !ownNames.includes(name))
        .map((it) => `${id}: no field ${it}`),
      ...events.filter((event) => !(event in EVENTS)).map((it) => `${id}: no event ${it}`),
      ...groups
        .filter((group) => template.Resources[group]?.Type !== 'AWS::Logs::LogGroup')
        .map(() => `${id}: no log`),
    ];
  });
}

/** A metric as CloudWatch tells metrics apart. */
interface Metric {
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
    .filter((path) => path.startsWith('lib/') && path !== 'lib/telemetry/events.ts')
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
  const codes = ['code', 'reason'].filter((field) => at(EVENTS, name, 'fields', field) !== undefined);
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
