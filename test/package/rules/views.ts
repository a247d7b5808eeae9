import { LOGGED_FIELDS } from '../../../lib/adapters/telemetry/logged-fields.ts';
import type { RepositoryPackage } from '../template/package-repository.ts';
import { at, resourcesOf, type Template, targetOf, toList } from '../template/template.ts';
import { isPublished, type Metric } from './published-metrics.ts';

const REFERENCE = /\$\{(\w+)(?:\.\w+)?\}/g;
const SEARCHED = /^SEARCH\('\{([^,]+),service,code\} MetricName="([\w-]+)"', 'Sum', 300\)$/;

/** The dashboard is JSON; its metrics are published, its queues and functions exist. */
export function checkDashboard(template: Template, packaged: RepositoryPackage): string[] {
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
        .filter((row) => !toMetrics(row).some((metric) => isKnown(metric, template, packaged)))
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
function toMetrics(row: unknown): Metric[] {
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

// What Logs Insights and Powertools' logger add, the words of the language, and the names that a query gives itself.
const EVERYWHERE = ['@timestamp', 'message', 'service'];
const WORDS =
  /\b(?:fields|filter|sort|stats|limit|count_distinct|count|sum|coalesce|max|asc|desc|like|in|by|as \w+)\b/g;
const OWN_NAMES = /\bas (\w+)/g;

/** Each query asks log groups of the stack, for events and fields that are logged. */
export function checkQueries(template: Template): string[] {
  const fields = new Set([...EVERYWHERE, ...Object.values(LOGGED_FIELDS).flatMap((of) => Object.keys(of))]);
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
      ...events.filter((event) => !(event in LOGGED_FIELDS)).map((it) => `${id}: no event ${it}`),
      ...groups
        .filter((group) => template.Resources[group]?.Type !== 'AWS::Logs::LogGroup')
        .map(() => `${id}: no log`),
    ];
  });
}
