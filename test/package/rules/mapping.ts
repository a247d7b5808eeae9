import { isDeepStrictEqual } from 'node:util';
import { toInfraSettings } from '../../../lib/config/infra-settings.ts';
import {
  allStatements,
  at,
  type NamedResource,
  resourcesOf,
  set,
  type Template,
  type TemplateRule,
  targetOf,
  toList,
} from '../template.ts';

// What the deployer gets who sets nothing.
const DEPLOYED = toInfraSettings({}, { isLocal: false, archiveBucketSuffix: '' });

const TURNERS = ['ConsumerLambdaFunction', 'ProbeLambdaFunction'];

/** What must hold for the mapping of the queue, the probe that turns it, and the alarm that watches both. */
export const MAPPING_RULES: readonly TemplateRule[] = [
  {
    title: 'whoever turns the mapping looks for the mapping that there is',
    check: checkMappingEnds,
    breaches: [
      set(['ProbeLambdaFunction', 'Environment', 'Variables', 'CONSUMER_FUNCTION_NAME'], 'another'),
      set(['ConsumerLambdaFunction', 'Environment', 'Variables', 'SESSIONS_QUEUE_ARN'], {
        'Fn::GetAtt': ['RecordsQueue', 'Arn'],
      }),
      set(['ConsumerLambdaFunction', 'FunctionName'], 'crisp-enrich-test-another'),
    ],
  },
  {
    title: 'no other function’s trigger can be turned',
    check: checkMappingRights,
    breaches: ['ConsumerRole', 'ProbeRole'].map((role) => (it: Template) => {
      const statements = at(it.Resources, role, 'Properties', 'Policies', 0, 'PolicyDocument', 'Statement');
      for (const statement of toList(statements)) Object.assign(statement ?? {}, { Condition: undefined });
    }),
  },
  {
    title: 'the probe looks every minute, one look at a time',
    check: checkProbeSchedule,
    breaches: [
      set(['ProbeEventsRuleSchedule1', 'ScheduleExpression'], 'rate(1 day)'),
      set(['ProbeEventsRuleSchedule1', 'State'], 'DISABLED'),
      set(['ProbeLambdaFunction', 'Timeout'], 61),
      (it) => void delete it.Resources.ProbeLambdaEvConf,
    ],
  },
  {
    title: 'an open breaker and a silent probe raise an alarm',
    check: checkBreakerAlarm,
    breaches: [
      (it) => void delete it.Resources.BreakerOpenAlarm,
      set(['BreakerOpenAlarm', 'Dimensions'], []),
      set(['BreakerOpenAlarm', 'Threshold'], 2),
      set(['BreakerOpenAlarm', 'TreatMissingData'], 'notBreaching'),
      set(['BreakerOpenAlarm', 'AlarmActions'], []),
    ],
  },
  {
    title: 'alarms are mailed to the address that was given, if any',
    check: (it) => checkAlarmAddress(it, DEPLOYED.alarmEmail),
    breaches: [
      set(['AlarmTopic', 'Subscription'], [{ Protocol: 'email', Endpoint: '' }]),
      set(['AlarmTopic', 'Subscription'], [{ Protocol: 'email', Endpoint: 'somebody@example.com' }]),
    ],
  },
  {
    title: 'an update of the stack switches no mapping on that is held',
    check: checkMappingState,
    breaches: [
      set(['ConsumerEventSourceMappingSQSSessionsQueue', 'Enabled'], true),
      set(['ConsumerEventSourceMappingSQSSessionsQueue', 'Enabled'], undefined),
    ],
  },
  {
    title: 'no condition is a constant, and no policy has a description that could never be changed',
    check: (it) => [
      ...checkNoConstantConditions(it),
      ...resourcesOf(it, 'AWS::IAM::ManagedPolicy')
        .filter(({ properties }) => properties.Description !== undefined)
        .map(({ id }) => `${id} can never be described otherwise`),
    ],
    breaches: [
      (it) => void Object.assign(it, { Conditions: { HasAlarmEmail: { 'Fn::Equals': ['a', ''] } } }),
      set(['OperatorPolicy', 'Description'], 'Operate'),
    ],
  },
];

/** Whoever turns the mapping looks for the mapping that there is: between this queue and this function. */
function checkMappingEnds(template: Template): string[] {
  const [mapping] = resourcesOf(template, 'AWS::Lambda::EventSourceMapping');
  const consumer = targetOf(mapping?.properties.FunctionName) ?? '';
  const name = at(template.Resources, consumer, 'Properties', 'FunctionName');
  const queue = targetOf(mapping?.properties.EventSourceArn);
  return TURNERS.filter((id) => {
    const variables = at(template.Resources, id, 'Properties', 'Environment', 'Variables');
    const named = at(variables, 'CONSUMER_FUNCTION_NAME');
    return name !== named || queue !== targetOf(at(variables, 'SESSIONS_QUEUE_ARN'));
  }).map((id) => `${id} looks for another mapping`);
}

/** The right to turn a mapping is limited by the function that it feeds. */
export function checkMappingRights(template: Template): string[] {
  const name = String(at(template.Resources, 'ConsumerLambdaFunction', 'Properties', 'FunctionName'));
  return allStatements(template)
    .filter(({ actions }) => actions.includes('lambda:UpdateEventSourceMapping'))
    .filter(({ condition }) => {
      const arn = at(condition, 'ArnEquals', 'lambda:FunctionArn', 'Fn::Sub');
      return typeof arn !== 'string' || !arn.endsWith(`:function:${name}`);
    })
    .map(({ owner }) => `${owner} may turn the triggers of other functions`);
}

/** The probe runs every minute, alone, and a run that failed is not repeated beside the next one. */
function checkProbeSchedule(template: Template): string[] {
  const isProbe = (id: unknown) => targetOf(id) === 'ProbeLambdaFunction';
  const schedules = resourcesOf(template, 'AWS::Events::Rule').filter(({ properties }) =>
    toList(properties.Targets).some((target) => isProbe(at(target, 'Arn'))),
  );
  const [schedule] = schedules;
  const timeout = Number(at(template.Resources, 'ProbeLambdaFunction', 'Properties', 'Timeout'));
  const invocation = resourcesOf(template, 'AWS::Lambda::EventInvokeConfig').find(({ properties }) =>
    isProbe(properties.FunctionName),
  );
  return [
    ...(schedules.length === 1 && schedule?.properties.ScheduleExpression === 'rate(1 minute)'
      ? []
      : ['the probe does not run every minute']),
    ...(schedule?.properties.State === 'ENABLED' ? [] : ['the schedule of the probe is off']),
    ...(timeout <= 60 ? [] : ['a run of the probe may meet the next one']),
    ...(invocation?.properties.MaximumRetryAttempts === 0 ? [] : ['a failed run of the probe is repeated']),
  ];
}

/** An alarm sees a breaker that is open, and a probe that is silent; it names the metric exactly as it is published. */
function checkBreakerAlarm(template: Template): string[] {
  const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm').filter(
    ({ properties }) => properties.MetricName === 'breaker-open',
  );
  const [alarm] = alarms;
  if (alarm === undefined) return ['nobody hears of an open breaker'];
  const { properties } = alarm;
  const probe = at(template.Resources, 'ProbeLambdaFunction', 'Properties');
  const service = at(probe, 'FunctionName');
  const namespace = at(probe, 'Environment', 'Variables', 'METRICS_NAMESPACE');
  const dimensions = JSON.stringify(properties.Dimensions);
  const isHeard = toList(properties.AlarmActions).some((action) => targetOf(action) === 'AlarmTopic');
  return [
    ...(properties.Namespace === namespace && dimensions === '[{"Name":"service","Value":"probe"}]'
      ? []
      : [`${alarm.id} watches a metric that nobody publishes`]),
    ...(String(service).endsWith('-probe') ? [] : ['the probe has another name']),
    ...(properties.TreatMissingData === 'breaching' ? [] : [`${alarm.id} is content with a silent probe`]),
    ...(Number(properties.Threshold) === 1 && properties.Statistic === 'Maximum'
      ? []
      : [`${alarm.id} does not see an open breaker`]),
    ...(isHeard ? [] : [`${alarm.id} tells nobody`]),
  ];
}

/** Alarms are mailed to the address that was given, and to no other; without one to nobody. */
export function checkAlarmAddress(template: Template, alarmEmail: string): string[] {
  const found = at(template.Resources, 'AlarmTopic', 'Properties', 'Subscription');
  const wanted = alarmEmail === '' ? undefined : [{ Protocol: 'email', Endpoint: alarmEmail }];
  return isDeepStrictEqual(found, wanted) ? [] : ['alarms are mailed to an address that nobody gave'];
}

/** An update of the stack leaves a mapping as the breaker or an operator turned it. */
function checkMappingState(template: Template): string[] {
  return resourcesOf(template, 'AWS::Lambda::EventSourceMapping')
    .filter(({ properties }) => !isDeepStrictEqual(properties.Enabled, { Ref: 'AWS::NoValue' }))
    .map(({ id }) => `${id} is switched on by an update`);
}

/** A condition that is known when the template is packaged has no place in it: the part is there, or it is not. */
function checkNoConstantConditions(template: Template): string[] {
  return Object.entries(template.Conditions ?? {})
    .filter(([, condition]) => !JSON.stringify(condition).includes('"Ref"'))
    .map(([name]) => `${name} is a constant`);
}

const mappingsOf = (template: Template) => resourcesOf(template, 'AWS::Lambda::EventSourceMapping');

/** Six times, as AWS asks: a batch may be retried while a function is throttled, and must not be seen twice by then. */
export function checkVisibility(template: Template): string[] {
  return mappingsOf(template)
    .map((mapping) => ({
      queue: targetOf(mapping.properties.EventSourceArn) ?? '',
      function: targetOf(mapping.properties.FunctionName) ?? '',
    }))
    .filter(({ queue, function: target }) => {
      const visibility = Number(at(template.Resources, queue, 'Properties', 'VisibilityTimeout'));
      const timeout = Number(at(template.Resources, target, 'Properties', 'Timeout'));
      return !(visibility >= 6 * timeout);
    })
    .map(({ queue, function: target }) => `${queue} shows messages again while ${target} may still work`);
}

/** What the consumer relies on in its mapping, and what would lose messages. */
export function checkMappings(template: Template): string[] {
  const mappings = mappingsOf(template);
  return [...(mappings.length > 0 ? [] : ['there is no mapping']), ...mappings.flatMap(checkMapping)];
}

function checkMapping({ id, properties }: NamedResource): string[] {
  const maximum = Number(at(properties, 'ScalingConfig', 'MaximumConcurrency'));
  const batchSize = Number(properties.BatchSize);
  return [
    ...(properties.FilterCriteria === undefined ? [] : [`${id} deletes what its filter does not match`]),
    ...(at(properties, 'FunctionResponseTypes', 0) === 'ReportBatchItemFailures'
      ? []
      : [`${id} does not hear which messages failed`]),
    ...(maximum >= 2 && maximum <= 1000 ? [] : [`${id} has no limit of instances`]),
    ...(batchSize >= 1 && batchSize <= 10 ? [] : [`${id} has a batch size that FIFO queues do not allow`]),
    ...(properties.MaximumBatchingWindowInSeconds === undefined
      ? []
      : [`${id} has a window, which FIFO queues do not allow`]),
  ];
}
