import { MAX_COALESCE_SECONDS, MAX_MARGIN_SECONDS } from '../../../lib/core/job/coalesce.ts';
import {
  at,
  type NamedResource,
  resourcesOf,
  type Template,
  targetOf,
  toList,
} from '../template/template.ts';
import { deadLetterQueueIds } from './queues.ts';

type Properties = NamedResource['properties'];

const alarmsOf = (template: Template) => resourcesOf(template, 'AWS::CloudWatch::Alarm');

const PAGE = 'docs/alarms.md';
const HEADING = /^## `([^`]+)`$/gm;

/** An alarm's name is a heading of the page about alarms, which its description leads to; and the page has no others. */
export function checkAlarmPages(template: Template, page: string): string[] {
  const headings = [...page.matchAll(HEADING)].map(([, name = '']) => name);
  const names = alarmsOf(template).map(({ properties }) => toShortName(properties));
  return [
    ...names.filter((name) => !headings.includes(name)).map((name) => `${PAGE} says nothing of ${name}`),
    ...headings.filter((name) => !names.includes(name)).map((name) => `there is no alarm ${name}`),
    ...alarmsOf(template)
      .filter(
        ({ properties: it }) => !String(it.AlarmDescription).endsWith(` See ${PAGE}#${toShortName(it)}`),
      )
      .map(({ id }) => `${id} does not say where to read on`),
  ];
}

// What publishes all the time, and what is to be heard of for its very silence.
const SPEAK_ALWAYS = ['BreakerOpenAlarm', 'NoHooksAlarm'];

/** An alarm and its end go to the alarm topic. Most metrics count what should not happen, and are silent without it. */
export function checkAlarmAudience(template: Template): string[] {
  const isHeard = (actions: unknown) => toList(actions).some((action) => targetOf(action) === 'AlarmTopic');
  return alarmsOf(template).flatMap(({ id, properties: it }) => [
    ...(isHeard(it.AlarmActions) && isHeard(it.OKActions) ? [] : [`${id} tells nobody`]),
    ...(it.TreatMissingData === (SPEAK_ALWAYS.includes(id) ? 'breaching' : 'notBreaching')
      ? []
      : [`${id} takes silence for something else`]),
  ]);
}

/** An alarm over several metrics adds all of them up, and misses none that is silent. */
export function checkSums(template: Template): string[] {
  return alarmsOf(template)
    .filter(({ properties }) => properties.Metrics !== undefined)
    .filter(({ properties }) => {
      const metrics = toList(properties.Metrics);
      const ids = metrics.filter((it) => at(it, 'MetricStat') !== undefined).map((it) => at(it, 'Id'));
      const sum = `SUM([${ids.map((id) => `FILL(${id}, 0)`).join(', ')}])`;
      const returned = metrics.filter((it) => at(it, 'ReturnData') !== false);
      return returned.length !== 1 || at(returned[0], 'Expression') !== sum;
    })
    .map(({ id }) => `${id} does not add up its metrics`);
}

/** Every queue of messages that need a person has an alarm that a single message raises. */
export function checkDeadLetterAlarms(template: Template): string[] {
  const undelivered = resourcesOf(template, 'AWS::SNS::Subscription').map(({ properties }) =>
    targetOf(at(properties, 'RedrivePolicy', 'deadLetterTargetArn')),
  );
  return [...deadLetterQueueIds(template), ...undelivered]
    .filter((queue) => !alarmsOf(template).some((alarm) => isRaisedByOne(alarm, queue)))
    .map((queue) => `nobody hears of a message in ${queue}`);
}

function isRaisedByOne({ properties: it }: NamedResource, queue: string | undefined): boolean {
  const isCount = it.MetricName === 'ApproximateNumberOfMessagesVisible' && it.Statistic === 'Maximum';
  return isCount && queueOf(it) === queue && isReachedBy(it, 1);
}

/** Every queue has an alarm at 50 % and at 80 % of the time for which it keeps messages. */
export function checkRetentionAlarms(template: Template): string[] {
  return resourcesOf(template, 'AWS::SQS::Queue').flatMap(({ id, properties }) => {
    const ages = ageThresholds(template, id);
    return [0.5, 0.8]
      .filter((share) => !ages.includes(Number(properties.MessageRetentionPeriod) * share))
      .map((share) => `${id} has no alarm at ${share * 100} % of its retention`);
  });
}

const HOUR_SECONDS = 3600;

/** The longest delay and a short queue raise nothing; an hour does. */
export function checkWaitingAlarm(template: Template): string[] {
  const longestDelay = MAX_COALESCE_SECONDS + MAX_MARGIN_SECONDS;
  const ages = ageThresholds(template, 'SessionsQueue').filter(
    (age) => age > longestDelay && age <= HOUR_SECONDS,
  );
  return ages.length === 1 ? [] : ['nobody hears of sessions that wait'];
}

function ageThresholds(template: Template, queue: string): number[] {
  return alarmsOf(template)
    .map(({ properties }) => properties)
    .filter((it) => it.MetricName === 'ApproximateAgeOfOldestMessage' && it.Statistic === 'Maximum')
    .filter((it) => queueOf(it) === queue && it.ComparisonOperator === 'GreaterThanOrEqualToThreshold')
    .map(({ Threshold }) => Number(Threshold));
}

/** Every function has an alarm for its deaths and for Lambda's refusals; one with a URL also for its 5xx. */
export function checkFunctionAlarms(template: Template): string[] {
  const urls = resourcesOf(template, 'AWS::Lambda::Url').map((it) =>
    targetOf(it.properties.TargetFunctionArn),
  );
  return resourcesOf(template, 'AWS::Lambda::Function').flatMap(({ id }) => {
    const watched = alarmsOf(template)
      .map(({ properties }) => properties)
      .filter((it) => it.Namespace === 'AWS/Lambda' && it.Statistic === 'Sum' && isReachedBy(it, 1))
      .filter((it) => targetOf(dimensionOf(it, 'FunctionName')) === id)
      .map(({ MetricName }) => MetricName);
    return ['Errors', 'Throttles', ...(urls.includes(id) ? ['Url5xxCount'] : [])]
      .filter((metric) => !watched.includes(metric))
      .map((metric) => `nobody hears of ${metric} of ${id}`);
  });
}

function queueOf(properties: Properties): string | undefined {
  return properties.Namespace === 'AWS/SQS' ? targetOf(dimensionOf(properties, 'QueueName')) : undefined;
}

/** The value of an alarm's only dimension. */
function dimensionOf({ Dimensions }: Properties, name: string): unknown {
  const isOnly = toList(Dimensions).length === 1 && at(Dimensions, 0, 'Name') === name;
  return isOnly ? at(Dimensions, 0, 'Value') : undefined;
}

function isReachedBy({ ComparisonOperator, Threshold }: Properties, value: number): boolean {
  return ComparisonOperator === 'GreaterThanOrEqualToThreshold' && Threshold === value;
}

// crisp-enrich-test-no-hooks → no-hooks; the stage of the tests has no hyphen.
function toShortName({ AlarmName }: Properties): string {
  return String(AlarmName).replace(/^crisp-enrich-[^-]+-/, '');
}
