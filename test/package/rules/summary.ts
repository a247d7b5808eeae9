import { RETENTION_SECONDS, toQueueNames } from '../../../lib/core/summary/observed-queues.ts';
import { SUMMARIZED_EVENTS } from '../../../lib/use-cases/summarize-day.ts';
import type { RepositoryPackage } from '../template/package-repository.ts';
import { at, resourcesOf, type Template, targetOf, toList } from '../template/template.ts';
import { isPublished } from './published-metrics.ts';

const variablesOf = (template: Template) =>
  at(template.Resources, 'SummaryLambdaFunction', 'Properties', 'Environment', 'Variables');

/** One schedule a day; the queues of the template, and how long they keep messages; the alarm topic. */
export function checkSummary(template: Template): string[] {
  const variables = variablesOf(template);
  const schedules = resourcesOf(template, 'AWS::Events::Rule').filter(({ properties }) =>
    toList(properties.Targets).some((target) => targetOf(at(target, 'Arn')) === 'SummaryLambdaFunction'),
  );
  const isDaily = /^cron\(\d+ \d+ \* \* \? \*\)$/.test(String(schedules[0]?.properties.ScheduleExpression));
  const queues = resourcesOf(template, 'AWS::SQS::Queue').map(({ properties }) => properties);
  const expected = toQueueNames(String(at(variables, 'STAGE')))
    .sort()
    .join();
  return [
    ...(schedules.length === 1 && isDaily && schedules[0]?.properties.State === 'ENABLED'
      ? []
      : ['the summary does not come once a day']),
    ...(expected ===
    queues
      .map(({ QueueName }) => String(QueueName))
      .sort()
      .join()
      ? []
      : ['the summary tells of other queues']),
    ...(queues.every(({ MessageRetentionPeriod }) => MessageRetentionPeriod === RETENTION_SECONDS)
      ? []
      : ['messages expire at other times than the summary says']),
    ...(targetOf(at(variables, 'ALARM_TOPIC_ARN')) === 'AlarmTopic' ? [] : ['the summary goes elsewhere']),
  ];
}

/** Each event that is counted is published so, under the namespace that the summary reads. */
export function checkSummaryMetrics(template: Template, packaged: RepositoryPackage): string[] {
  const namespace = String(at(variablesOf(template), 'METRICS_NAMESPACE'));
  return SUMMARIZED_EVENTS.filter(({ service, name, code }) => {
    const dimensions = { service, ...(code !== undefined && { code }) };
    return !isPublished({ namespace, name, dimensions }, template, packaged);
  }).map(({ name }) => `the summary counts ${name}, which nobody publishes so`);
}
