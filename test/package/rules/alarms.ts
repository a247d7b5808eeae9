import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_COALESCE_SECONDS, MAX_MARGIN_SECONDS } from '../../../lib/config/config.ts';
import {
  at,
  type NamedResource,
  ROOT,
  resourcesOf,
  set,
  type Template,
  type TemplateRule,
  targetOf,
  toList,
} from '../template.ts';
import { deadLetterQueueIds } from './queues.ts';
import { checkMetricsPublished } from './views.ts';

const ALARM_PAGE = readFileSync(join(ROOT, 'docs/alarms.md'), 'utf8');

const alarmsOf = (template: Template) => resourcesOf(template, 'AWS::CloudWatch::Alarm');

// What publishes all the time, and what is to be heard of for its very silence.
const SPEAK_ALWAYS = ['BreakerOpenAlarm', 'NoHooksAlarm'];

/** What must hold for the alarms of a template with every option set, for only that one has them all. */
export const EVERY_ALARM_RULES: readonly TemplateRule[] = [
  {
    title: 'every alarm has a heading in docs/alarms.md, and every heading an alarm and its command',
    check: (it) => checkAlarmPages(it, ALARM_PAGE),
    breaches: [
      set(
        ['SessionsWaitingAlarm', 'AlarmDescription', 'Fn::Sub'],
        'Late.\nSee docs/alarms.md#sessions-waiting',
      ),
      set(
        ['SessionsWaitingAlarm', 'AlarmDescription', 'Fn::Sub'],
        'Late.\nRun: npx crisp-enrich runs\nSee docs/alarms.md#sessions-waiting',
      ),
      set(['SessionsWaitingAlarm', 'AlarmName'], 'crisp-enrich-test-sessions-late'),
      set(['SessionsWaitingAlarm', 'AlarmDescription'], 'Look it up.'),
      (it) => void delete it.Resources.PagingUntrustedAlarm,
    ],
  },
  {
    title: 'an alarm tells the alarm topic, also when it is over, and knows what silence means',
    check: checkAlarmAudience,
    breaches: [
      set(['ConsumerErrorsAlarm', 'AlarmActions'], []),
      set(['ConsumerErrorsAlarm', 'OKActions'], undefined),
      set(['ConsumerErrorsAlarm', 'TreatMissingData'], undefined),
      set(['NoHooksAlarm', 'TreatMissingData'], 'notBreaching'),
    ],
  },
];

const HOUR_SECONDS = 3600;

/** What must hold for the alarms of every template. */
export const ALARM_RULES: readonly TemplateRule[] = [
  {
    title: 'an alarm over several metrics adds all of them up',
    check: checkSums,
    breaches: [
      set(['CrispRefusesAlarm', 'Metrics', 2, 'Expression'], 'SUM([FILL(m1, 0)])'),
      set(['CrispRefusesAlarm', 'Metrics', 0, 'ReturnData'], true),
    ],
  },
  {
    title: 'a single message in a queue of dead letters raises an alarm',
    check: checkDeadLetterAlarms,
    breaches: [
      ...['SessionsDeadLetterAlarm', 'RecordsDeadLetterAlarm', 'RecordsUndeliveredAlarm'].flatMap((id) => [
        set([id, 'Threshold'], 2),
        set([id, 'Dimensions', 0, 'Value'], { 'Fn::GetAtt': ['SessionsQueue', 'QueueName'] }),
      ]),
      set(['SessionsDeadLetterAlarm', 'Statistic'], 'Minimum'),
      set(['SessionsDeadLetterAlarm', 'ComparisonOperator'], 'GreaterThanThreshold'),
    ],
  },
  {
    title: 'messages that spend half and four fifths of what a queue keeps them for raise an alarm each',
    check: checkRetentionAlarms,
    breaches: [
      set(['SessionsAge50Alarm', 'Threshold'], 700_000),
      set(['SessionsDeadLetterAge80Alarm', 'Threshold'], 1_209_600),
      set(['RecordsQueue', 'MessageRetentionPeriod'], 345_600),
      (it) => void delete it.Resources.RecordsUndeliveredAge80Alarm,
    ],
  },
  {
    title: 'a session that waits much longer than the longest delay raises an alarm',
    check: checkWaitingAlarm,
    breaches: [
      set(['SessionsWaitingAlarm', 'Threshold'], 300),
      set(['SessionsWaitingAlarm', 'Threshold'], 86_400),
      set(['SessionsWaitingAlarm', 'Dimensions', 0, 'Value'], {
        'Fn::GetAtt': ['RecordsQueue', 'QueueName'],
      }),
    ],
  },
  {
    title: 'a function that dies or is refused by Lambda raises an alarm',
    check: checkFunctionAlarms,
    breaches: [
      set(['ProbeThrottlesAlarm', 'Dimensions', 0, 'Value', 'Ref'], 'ConsumerLambdaFunction'),
      set(['WebhookErrorsAlarm', 'Threshold'], 100),
      set(['WebhookFailingAlarm', 'MetricName'], 'Url4xxCount'),
    ],
  },
  {
    title: 'an alarm watches what the functions publish: namespace, name and every dimension',
    check: checkMetricsPublished,
    breaches: [
      set(['BreakerOpenAlarm', 'Dimensions'], []),
      set(['BreakerOpenAlarm', 'Namespace'], 'crisp-enrich'),
      set(['PagingUntrustedAlarm', 'MetricName'], 'paging-trusted'),
      set(['PagingUntrustedAlarm', 'Dimensions', 0, 'Value'], 'webhook'),
      set(['LedgerUnavailableAlarm', 'Dimensions', 1, 'Value'], 'ledger_away'),
      set(['LedgerUnavailableAlarm', 'Dimensions'], [{ Name: 'service', Value: 'consumer' }]),
      set(
        ['CrispRefusesAlarm', 'Metrics', 0, 'MetricStat', 'Metric', 'Dimensions', 1, 'Value'],
        'rate_limited',
      ),
      set(['ConsumerLambdaFunction', 'Environment', 'Variables', 'METRICS_NAMESPACE'], 'crisp-enrich/other'),
    ],
  },
];

type Properties = NamedResource['properties'];

const PAGE = 'docs/alarms.md';
const HEADING = /^## `([^`]+)`\n\n(?:`([^`]+)`\n\n(?=\S))?/gm;

/**
 * An alarm's name is a heading of the page about alarms, which its description leads to; and the page has no others. Both
 * name the command with which one begins, the alarm with its stage and region filled in.
 */
function checkAlarmPages(template: Template, page: string): string[] {
  const commands = new Map([...page.matchAll(HEADING)].map(([, name = '', command = '']) => [name, command]));
  const headings = [...commands.keys()];
  const names = alarmsOf(template).map(({ properties }) => toShortName(properties));
  return [
    ...names.filter((name) => !headings.includes(name)).map((name) => `${PAGE} says nothing of ${name}`),
    ...headings.filter((name) => !names.includes(name)).map((name) => `there is no alarm ${name}`),
    ...alarmsOf(template)
      .filter(({ properties: it }) => {
        const name = toShortName(it);
        const command = fillIn(commands.get(name) ?? '');
        const end = `\nRun: ${command}\nSee ${PAGE}#${name}`;
        return command === '' || !String(at(it.AlarmDescription, 'Fn::Sub')).endsWith(end);
      })
      .map(({ id }) => `${id} does not say what to do first, and where to read on`),
  ];
}

/** An alarm and its end go to the alarm topic. Most metrics count what should not happen, and are silent without it. */
function checkAlarmAudience(template: Template): string[] {
  const isHeard = (actions: unknown) => toList(actions).some((action) => targetOf(action) === 'AlarmTopic');
  return alarmsOf(template).flatMap(({ id, properties: it }) => [
    ...(isHeard(it.AlarmActions) && isHeard(it.OKActions) ? [] : [`${id} tells nobody`]),
    ...(it.TreatMissingData === (SPEAK_ALWAYS.includes(id) ? 'breaching' : 'notBreaching')
      ? []
      : [`${id} takes silence for something else`]),
  ]);
}

/** An alarm over several metrics adds all of them up, and misses none that is silent. */
function checkSums(template: Template): string[] {
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
function checkDeadLetterAlarms(template: Template): string[] {
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
function checkRetentionAlarms(template: Template): string[] {
  return resourcesOf(template, 'AWS::SQS::Queue').flatMap(({ id, properties }) => {
    const ages = ageThresholds(template, id);
    return [0.5, 0.8]
      .filter((share) => !ages.includes(Number(properties.MessageRetentionPeriod) * share))
      .map((share) => `${id} has no alarm at ${share * 100} % of its retention`);
  });
}

/** The longest delay and a short queue raise nothing; an hour does. */
function checkWaitingAlarm(template: Template): string[] {
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
function checkFunctionAlarms(template: Template): string[] {
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

// The page has S for the stage and R for the region, and leaves both out of our own commands.
function fillIn(command: string): string {
  const whole = command.startsWith('npx ') ? `${command} --stage S --region R` : command;
  // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation fills it in.
  return whole.replace(/\bS\b/, 'test').replace(/\bR\b/, '${AWS::Region}');
}
